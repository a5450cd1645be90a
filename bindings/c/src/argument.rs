//! Arguments as they are shown beside an invocation (spec 05 §2).

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Handle, Object, keep};
use verifier::cbor::{Reader, Writer};
use verifier::code::Code;
use verifier::limits::{HTTP_FIELD_BYTES_MAX, TEXT_BYTES_MAX};
use verifier::object::{Argument, Value};

/// A value of an argument, or of an operand.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Operand {
    kind: i32,
    integer: i64,
    text: Bytes,
}

const INTEGER: i32 = 1;
const TEXT: i32 = 2;
const TRUTH: i32 = 3;

impl Operand {
    /// The value.
    pub(crate) fn value(&self) -> Result<Value, Status> {
        match (self.kind, self.integer) {
            (INTEGER, number) => Ok(Value::Integer(number)),
            (TEXT, _) => {
                let text = self.text.text()?;
                if text.len() > TEXT_BYTES_MAX {
                    return Err(Code::Oversize.into());
                }
                Ok(Value::Text(text.into()))
            }
            (TRUTH, truth @ (0 | 1)) => Ok(Value::Bool(truth == 1)),
            _ => Err(Status::BAD_VALUE),
        }
    }
}

/// 16 bytes: those that were given, or random ones.
pub(crate) fn sixteen(given: &Bytes) -> Result<[u8; 16], Status> {
    if let Some(bytes) = given.maybe()? {
        return bytes.try_into().map_err(|_| Status::BAD_VALUE);
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Status::NO_RANDOM)?;
    Ok(bytes)
}

/// Decodes arguments, each encoded by itself.
pub(crate) fn read_all(list: &List<Bytes>) -> Result<Vec<Argument>, Status> {
    list.read()?.iter().map(|bytes| decode(bytes.read()?)).collect()
}

fn decode(bytes: &[u8]) -> Result<Argument, Status> {
    Ok(Reader::whole(bytes, HTTP_FIELD_BYTES_MAX, Argument::decode)?)
}

/// One argument, encoded.
pub(crate) fn encoded(argument: &Argument) -> Vec<u8> {
    let mut writer = Writer::default();
    argument.encode(&mut writer);
    writer.into_bytes()
}

fn put(out: &mut Handle, argument: &Argument) -> Result<(), Status> {
    let (kind, integer, text) = match &argument.value {
        Value::Integer(number) => (INTEGER, Some(*number), None),
        Value::Text(text) => (TEXT, None, Some(text)),
        Value::Bool(truth) => (TRUTH, Some(i64::from(*truth)), None),
    };
    let parts = Parts::default()
        .text(part::BYTES, encoded(argument))
        .text(part::NAME, &argument.name)
        .text(part::SALT, argument.salt)
        .text(part::DIGEST, argument.digest().to_string())
        .maybe(part::TEXT, text)
        .number(part::TYPE, kind.unsigned_abs() as u64)
        .number(part::INTEGER, integer.map(i64::cast_unsigned));
    keep(out, Object::Plain, parts)
}

export! {
    /// Makes an argument; without a salt one is drawn.
    fn remit_argument(name: Bytes, value: Operand, salt: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let argument = Argument { name: name.text()?.into(), salt: sixteen(&salt)?, value: value.value()? };
        // What no decoder takes is refused here.
        put(out, &decode(&encoded(&argument))?)
    }

    /// Decodes an argument.
    fn remit_argument_decode(bytes: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        put(out, &decode(bytes.read()?)?)
    }
}
