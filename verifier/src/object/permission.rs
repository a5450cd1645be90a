//! Permissions and the conditions on arguments: what they mean, and when one is within another (spec 04 §3–§4).

use crate::cbor::{DecodeError, Fields, Reader, Writer};
use crate::code::Code;
use crate::limits::*;
use crate::types::ObjectId;
use alloc::string::String;
use alloc::vec::Vec;

/// One alternative of what a token allows: a service, an action there, a resource, conditions.
///
/// `None` puts no limit of its own (a child inherits); in a root, a `None` set holds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// Parties that may be the audience.
    pub services: Option<Vec<ObjectId>>,
    /// Actions, by their exact names.
    pub actions: Option<Vec<String>>,
    /// Resources and all below them, by whole segments.
    pub resources: Option<Vec<Path>>,
    /// Conditions that must all hold.
    pub conditions: Vec<Condition>,
}

/// A path of non-empty segments between `/`; the empty path has no segment and is a prefix of every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(String);

/// The text is not a path: an empty, `.` or `..` segment, one of `%?#\\` or a control character, or it is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPath;

/// One comparison with one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Name of the argument.
    pub argument: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what: one value, or for `in` any number.
    pub operands: Vec<Value>,
}

/// The comparisons there are (spec 04 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operator {
    /// Equal, of the same type.
    Eq = 0,
    /// Of the same type and not equal.
    Ne = 1,
    /// An integer below.
    Lt = 2,
    /// An integer not above.
    Le = 3,
    /// An integer above.
    Gt = 4,
    /// An integer not below.
    Ge = 5,
    /// Equal to one of the operands.
    In = 6,
    /// A path at or below the operand, by whole segments.
    Prefix = 7,
}

/// A value of an argument or operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A signed integer.
    Integer(i64),
    /// A text of at most [`TEXT_BYTES_MAX`] bytes.
    Text(String),
    /// A truth value.
    Bool(bool),
}

/// What an invocation asks for, as far as permissions look at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The service.
    pub audience: &'a ObjectId,
    /// The action.
    pub action: &'a str,
    /// The resource.
    pub resource: &'a Path,
    /// The opened arguments; `None` skips the conditions, as the ledger does, who never sees arguments.
    pub arguments: Option<&'a [super::Argument]>,
}

impl Path {
    /// Takes `text` as a path.
    ///
    /// # Errors
    ///
    /// [`BadPath`] if it is none.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        let bad = |segment: &str| matches!(segment, "" | "." | "..");
        // What some service might decode, cut off or take for a separator stands in no path.
        let strange = |c: char| c.is_control() || matches!(c, '%' | '?' | '#' | '\\');
        let refused = text.len() > TEXT_BYTES_MAX || text.chars().any(strange);
        if refused || (!text.is_empty() && text.split('/').any(bad)) {
            return Err(BadPath);
        }
        Ok(Self(text.into()))
    }

    /// The text of the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `self` is `other` or lies below it.
    pub fn is_within(&self, other: &Path) -> bool {
        match self.0.strip_prefix(other.as_str()) {
            Some(rest) => other.0.is_empty() || rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::parse(r.text(TEXT_BYTES_MAX)?).map_err(|_| DecodeError::Malformed)
    }
}

/// Decodes a path; for objects that carry one.
pub(super) fn decode_path(r: &mut Reader<'_>) -> Result<Path, DecodeError> {
    Path::decode(r)
}

impl Value {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if r.next_is_text() {
            Ok(Self::Text(r.text(TEXT_BYTES_MAX)?.into()))
        } else if r.next_is_bool() {
            r.bool().map(Self::Bool)
        } else {
            r.i64().map(Self::Integer)
        }
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        match self {
            Self::Integer(value) => w.i64(*value),
            Self::Text(value) => w.text(value),
            Self::Bool(value) => w.bool(*value),
        };
    }
}

impl Condition {
    /// Whether the condition holds for the argument's value; a missing argument or wrong type never does.
    pub fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return false };
        if self.operator == Operator::In {
            return self.operands.contains(value);
        }
        let [operand] = self.operands.as_slice() else { return false };
        match (self.operator, value, operand) {
            (Operator::Eq, a, b) => a == b,
            (Operator::Ne, Value::Integer(a), Value::Integer(b)) => a != b,
            (Operator::Ne, Value::Text(a), Value::Text(b)) => a != b,
            (Operator::Ne, Value::Bool(a), Value::Bool(b)) => a != b,
            (Operator::Lt, Value::Integer(a), Value::Integer(b)) => a < b,
            (Operator::Le, Value::Integer(a), Value::Integer(b)) => a <= b,
            (Operator::Gt, Value::Integer(a), Value::Integer(b)) => a > b,
            (Operator::Ge, Value::Integer(a), Value::Integer(b)) => a >= b,
            (Operator::Prefix, Value::Text(a), Value::Text(b)) => match (Path::parse(a), Path::parse(b)) {
                (Ok(a), Ok(b)) => a.is_within(&b),
                _ => false,
            },
            _ => false,
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(3)?;
        let argument = r.name()?.into();
        let operator = Operator::from_number(r.u64()?).ok_or(DecodeError::UnknownField(-1))?;
        let operands = r.list(CONDITION_OPERANDS_MAX, Value::decode)?;
        if operator != Operator::In && operands.len() != 1 {
            return Err(DecodeError::Malformed);
        }
        Ok(Self { argument, operator, operands })
    }

    fn encode(&self, w: &mut Writer) {
        w.array(3).text(&self.argument).u64(self.operator as u64);
        w.list(&self.operands, |w, value| value.encode(w));
    }
}

impl Operator {
    /// All of them, in order of their numbers.
    pub const ALL: [Operator; 8] =
        [Self::Eq, Self::Ne, Self::Lt, Self::Le, Self::Gt, Self::Ge, Self::In, Self::Prefix];

    /// Its name (spec 04 §4).
    pub const fn text(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::In => "in",
            Self::Prefix => "prefix",
        }
    }

    /// The operator with this name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.text() == text)
    }

    fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| *operator as u64 == number)
    }
}

impl Permission {
    /// Whether this permission, standing in a root or not, covers what is asked.
    ///
    /// # Errors
    ///
    /// The first of `ServiceNotAllowed`, `ActionNotAllowed`, `ResourceNotAllowed`, `ConditionNotMet` that applies.
    pub fn covers(&self, asked: &Asked<'_>, in_root: bool) -> Result<(), Code> {
        let holds = |set: Option<bool>| set.unwrap_or(!in_root);
        if !holds(self.services.as_ref().map(|set| set.contains(asked.audience))) {
            return Err(Code::ServiceNotAllowed);
        }
        if !holds(self.actions.as_ref().map(|set| set.iter().any(|action| action == asked.action))) {
            return Err(Code::ActionNotAllowed);
        }
        if !holds(self.resources.as_ref().map(|set| set.iter().any(|path| asked.resource.is_within(path)))) {
            return Err(Code::ResourceNotAllowed);
        }
        let Some(arguments) = asked.arguments else { return Ok(()) };
        let value = |name: &str| arguments.iter().find(|a| a.name == name).map(|a| &a.value);
        if self.conditions.iter().all(|condition| condition.holds(value(&condition.argument))) {
            Ok(())
        } else {
            Err(Code::ConditionNotMet)
        }
    }

    /// Whether everything that `self` names is named by `parent` too. Conditions are not compared: those of the
    /// parent apply anyway, since every link must allow an invocation.
    pub fn is_within(&self, parent: &Permission) -> bool {
        fn subset<T>(
            child: &Option<Vec<T>>,
            parent: &Option<Vec<T>>,
            within: impl Fn(&T, &T) -> bool,
        ) -> bool {
            match (child, parent) {
                (Some(child), Some(parent)) => child.iter().all(|c| parent.iter().any(|p| within(c, p))),
                _ => true,
            }
        }
        subset(&self.services, &parent.services, |c, p| c == p)
            && subset(&self.actions, &parent.actions, |c, p| c == p)
            && subset(&self.resources, &parent.resources, |c, p| c.is_within(p))
    }

    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut permission = Self::default();
        r.map(|key, r| {
            match key {
                1 => {
                    permission.services =
                        Some(r.list(PERMISSION_ITEMS_MAX, |r| r.array_bytes().map(ObjectId))?)
                }
                2 => {
                    permission.actions = Some(r.list(PERMISSION_ITEMS_MAX, |r| r.name().map(String::from))?);
                }
                3 => permission.resources = Some(r.list(PERMISSION_ITEMS_MAX, Path::decode)?),
                4 => {
                    permission.conditions = r.list(CONDITIONS_MAX, Condition::decode)?;
                    if permission.conditions.is_empty() {
                        return Err(DecodeError::NotCanonical);
                    }
                }
                other => return Err(DecodeError::UnknownField(other)),
            }
            Ok(())
        })?;
        Ok(permission)
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        let mut fields = Fields::default();
        fields.opt(1, self.services.as_ref(), |w, set| {
            w.list(set, |w, id| {
                w.bytes(&id.0);
            })
        });
        fields.opt(2, self.actions.as_ref(), |w, set| {
            w.list(set, |w, action| {
                w.text(action);
            })
        });
        fields.opt(3, self.resources.as_ref(), |w, set| {
            w.list(set, |w, path| {
                w.text(path.as_str());
            })
        });
        let conditions = Some(&self.conditions).filter(|conditions| !conditions.is_empty());
        fields.opt(4, conditions, |w, all| w.list(all, |w, condition| condition.encode(w)));
        w.fields(fields);
    }
}

/// A permission list as a claim; used by [`super::Token`].
pub(super) fn decode_list(r: &mut Reader<'_>) -> Result<Vec<Permission>, DecodeError> {
    r.list(PERMISSIONS_MAX, Permission::decode)
}
