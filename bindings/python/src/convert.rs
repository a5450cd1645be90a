//! What goes in: ids as hexadecimal text or bytes, arguments, clocks.

use crate::error::refused;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyString};
use remit_verifier::cbor::{Reader, Writer};
use remit_verifier::limits::{HTTP_FIELD_BYTES_MAX, TEXT_BYTES_MAX};
use remit_verifier::object::{self, Path, Value};
use remit_verifier::types::Hash;

/// 32 bytes: an id, a key or a hash, given as 64 hexadecimal digits or as bytes.
#[derive(Clone, Copy)]
pub(crate) struct Id(pub(crate) [u8; 32]);

impl<'py> FromPyObject<'_, 'py> for Id {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let bytes = match object.cast::<PyString>() {
            Ok(text) => from_hex(&text.to_cow()?),
            Err(_) => object.extract::<&[u8]>().ok().and_then(|bytes| bytes.try_into().ok()),
        };
        bytes.map(Self).ok_or_else(|| PyValueError::new_err("neither 64 hexadecimal digits nor 32 bytes"))
    }
}

impl From<Id> for Hash {
    fn from(id: Id) -> Self {
        Self(id.0)
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        u8::try_from(digit(pair[0])?.checked_mul(16)?.checked_add(digit(pair[1])?)?).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes?.try_into().ok()
}

/// Hexadecimal text.
pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    Hash(*bytes).to_string()
}

/// 16 bytes from the operating system.
pub(crate) fn random(py: Python<'_>) -> PyResult<[u8; 16]> {
    let bytes = py.import("os")?.call_method1("urandom", (16,))?;
    sixteen(bytes.extract()?)
}

/// 16 bytes that were given.
pub(crate) fn sixteen(bytes: &[u8]) -> PyResult<[u8; 16]> {
    bytes.try_into().map_err(|_| PyValueError::new_err("not 16 bytes"))
}

/// A resource.
pub(crate) fn path(text: &str) -> PyResult<Path> {
    Path::parse(text).map_err(|_| PyValueError::new_err("not a path (spec 04 §3)"))
}

/// A value of an argument or operand.
pub(crate) fn value(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(truth) = object.cast::<PyBool>() {
        return Ok(Value::Bool(truth.is_true()));
    }
    if object.is_instance_of::<PyInt>() {
        return Ok(Value::Integer(object.extract()?));
    }
    let text: String = object.extract().map_err(|_| PyTypeError::new_err("a bool, an int or a str"))?;
    if text.len() > TEXT_BYTES_MAX {
        return Err(PyValueError::new_err("a text that is too long"));
    }
    Ok(Value::Text(text))
}

/// An argument as it is shown beside an invocation (spec 05 §2). Without a salt one is drawn.
#[pyclass(frozen, eq, from_py_object, module = "remit_verifier")]
#[derive(Clone, PartialEq)]
pub(crate) struct Argument(pub(crate) object::Argument);

#[pymethods]
impl Argument {
    #[new]
    #[pyo3(signature = (name, value, salt=None))]
    fn new(py: Python<'_>, name: String, value: &Bound<'_, PyAny>, salt: Option<&[u8]>) -> PyResult<Self> {
        let salt = salt.map_or_else(|| random(py), sixteen)?;
        let argument = object::Argument { name, salt, value: self::value(value)? };
        // What no decoder takes is refused here.
        Self::decode(&encoded(&argument))
    }

    /// Decodes one.
    #[staticmethod]
    fn decode(bytes: &[u8]) -> PyResult<Self> {
        Reader::whole(bytes, HTTP_FIELD_BYTES_MAX, object::Argument::decode).map(Self).map_err(refused)
    }

    /// Encodes it.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &encoded(&self.0))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(match &self.0.value {
            Value::Integer(number) => number.into_pyobject(py)?.into_any(),
            Value::Text(text) => text.into_pyobject(py)?.into_any(),
            Value::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        })
    }

    #[getter]
    fn salt<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.salt)
    }

    /// What the holder signs of it.
    #[getter]
    fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    fn __repr__(&self) -> String {
        format!("Argument({:?}, {:?})", self.0.name, self.0.value)
    }
}

fn encoded(argument: &object::Argument) -> Vec<u8> {
    let mut writer = Writer::default();
    argument.encode(&mut writer);
    writer.into_bytes()
}

/// The arguments themselves.
pub(crate) fn plain(arguments: Vec<Argument>) -> Vec<object::Argument> {
    arguments.into_iter().map(|argument| argument.0).collect()
}
