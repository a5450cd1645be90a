//! The policy as a TOML file (spec 13 §2). Every key is known, every value stated; nothing is trusted by default.

use super::policy::{AtRisk, Issuers, Keeping, LoggedLinks, Policy, PolicyError, Serving, Settings};
use crate::c2sp::{Trust, TrustParseError};
use crate::http::{Cost, Route, RouteError};
use crate::limits::*;
use crate::types::{Amount, LedgerId, Millis, ObjectId, Seconds};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const TRUST: &str = "trust";
const LEDGERS: &str = "ledgers";
const PARTY: &str = "party";
const ISSUERS: &str = "issuers";
const MAX_STALENESS: &str = "max_staleness_s";
const SKEW: &str = "skew_ms";
const OFFLINE_LINKS: &str = "offline_links";
const LOGGED_LINKS: &str = "logged_links";
const REPLAYING: &str = "replaying";

const AT_RISK: &str = "at_risk";
const RECORD: &str = "record";
const ROUTES: &str = "routes";

/// All keys of the file; the last six may be absent.
const KEYS: [&str; 12] = [
    TRUST,
    LEDGERS,
    PARTY,
    ISSUERS,
    MAX_STALENESS,
    SKEW,
    OFFLINE_LINKS,
    LOGGED_LINKS,
    REPLAYING,
    AT_RISK,
    RECORD,
    ROUTES,
];

const UNIT: &str = "unit";
const FROM: &str = "from_minor";
const METHOD: &str = "method";
const PATH: &str = "path";
const ACTION: &str = "action";
const RESOURCE: &str = "resource";
const AMOUNT: &str = "amount_minor";
const QUERY: &str = "query";

/// The keys of a table in `at_risk`.
const AT_RISK_KEYS: [&str; 3] = [UNIT, FROM, MAX_STALENESS];
/// The keys of a table in `routes`; the last three may be absent.
const ROUTE_KEYS: [&str; 7] = [METHOD, PATH, ACTION, RESOURCE, AMOUNT, UNIT, QUERY];

/// Why a text is not a policy file, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyFileError {
    /// Line of the file, from 1; 0 is the file as a whole.
    pub line: usize,
    /// The key whose value is wrong, if it is one of the keys.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub problem: PolicyProblem,
}

/// What is wrong with a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyProblem {
    /// More than [`POLICY_BYTES_MAX`] bytes: how many.
    TooLong(usize),
    /// Not UTF-8.
    NotUtf8,
    /// Not TOML.
    Syntax,
    /// A key that this version does not know.
    UnknownKey,
    /// A key that must be there is not.
    MissingKey,
    /// The value has another type than it should.
    WrongType,
    /// The value is of the right type and not a possible one.
    BadValue,
    /// The trust lines are not acceptable; their lines count from 1 in the value.
    Trust(TrustParseError),
    /// The settings do not fit together.
    Settings(PolicyError),
}

impl PolicyProblem {
    /// The stable code of the problem.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong(_) => "too_long",
            Self::NotUtf8 => "not_utf8",
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown_key",
            Self::MissingKey => "missing_key",
            Self::WrongType => "wrong_type",
            Self::BadValue => "bad_value",
            Self::Trust(_) => "bad_trust",
            Self::Settings(_) => "bad_settings",
        }
    }
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy line {}: {}", self.line, self.problem.code())?;
        match self.key {
            Some(key) => write!(f, ": {key}"),
            None => Ok(()),
        }?;
        match self.problem {
            PolicyProblem::Trust(error) => write!(f, ": {error:?}"),
            PolicyProblem::Settings(error) => write!(f, ": {error:?}"),
            _ => Ok(()),
        }
    }
}

impl core::error::Error for PolicyFileError {}

type Result<T> = core::result::Result<T, PolicyFileError>;

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    ///
    /// [`PolicyFileError`]: the first unknown key, else the first key of spec 13 §2 whose value is missing or wrong.
    pub fn from_toml(text: &[u8]) -> Result<Self> {
        let whole = |problem| PolicyFileError { line: 0, key: None, problem };
        if text.len() > POLICY_BYTES_MAX {
            return Err(whole(PolicyProblem::TooLong(text.len())));
        }
        let text = core::str::from_utf8(text).map_err(|_| whole(PolicyProblem::NotUtf8))?;
        let document = DeTable::parse(text).map_err(|error| PolicyFileError {
            line: line_of(text, &error.span().unwrap_or_default()),
            ..whole(PolicyProblem::Syntax)
        })?;
        let file = File { text, table: document.get_ref() };
        file.check_keys(&KEYS)?;
        let settings = Settings {
            trust: file.trust()?,
            ledgers: file.ledgers()?,
            party: file.id(PARTY, file.required(PARTY)?).map(ObjectId)?,
            issuers: file.issuers()?,
            max_staleness: Seconds(file.number(MAX_STALENESS)?),
            skew: Millis(file.number(SKEW)?),
            offline_links: file.flag(OFFLINE_LINKS)?,
            logged_links: file.logged_links()?,
            replaying: file.replaying()?,
            at_risk: file.tables(AT_RISK, POLICY_AT_RISK_MAX, File::at_risk)?,
            serving: Serving {
                record: file.record()?,
                routes: file.tables(ROUTES, ROUTES_MAX, File::route)?,
            },
        };
        Policy::new(settings).map_err(|error| whole(PolicyProblem::Settings(error)))
    }
}

/// The file, or a table in it, while it is read.
struct File<'a> {
    text: &'a str,
    table: &'a DeTable<'a>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> File<'a> {
    fn check_keys(&self, keys: &[&str]) -> Result<()> {
        let unknown =
            self.table.iter().map(|(key, _)| key).filter(|key| !keys.contains(&key.get_ref().as_ref()));
        match unknown.min_by_key(|key| key.span().start) {
            None => Ok(()),
            Some(key) => {
                let line = line_of(self.text, &key.span());
                Err(PolicyFileError { line, key: None, problem: PolicyProblem::UnknownKey })
            }
        }
    }

    fn find(&self, key: &'static str) -> Option<&'a Value<'a>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn required(&self, key: &'static str) -> Result<&'a Value<'a>> {
        let missing = PolicyFileError { line: 0, key: Some(key), problem: PolicyProblem::MissingKey };
        self.find(key).ok_or(missing)
    }

    fn wrong(&self, key: &'static str, value: &Value<'_>, problem: PolicyProblem) -> PolicyFileError {
        PolicyFileError { line: line_of(self.text, &value.span()), key: Some(key), problem }
    }

    fn string(&self, key: &'static str, value: &'a Value<'a>) -> Result<&'a str> {
        value.get_ref().as_str().ok_or_else(|| self.wrong(key, value, PolicyProblem::WrongType))
    }

    /// One text of trust lines, or a list of such texts.
    fn trust(&self) -> Result<Trust> {
        let value = self.required(TRUST)?;
        let mut lines = String::new();
        match value.get_ref() {
            DeValue::String(text) => lines.push_str(text),
            DeValue::Array(array) => {
                for line in array.iter() {
                    lines.push_str(self.string(TRUST, line)?);
                    lines.push('\n');
                }
            }
            _ => return Err(self.wrong(TRUST, value, PolicyProblem::WrongType)),
        }
        Trust::parse(lines.as_bytes()).map_err(|error| self.wrong(TRUST, value, PolicyProblem::Trust(error)))
    }

    fn ledgers(&self) -> Result<Vec<(String, LedgerId)>> {
        let value = self.required(LEDGERS)?;
        let wrong = || self.wrong(LEDGERS, value, PolicyProblem::WrongType);
        let table = value.get_ref().as_table().ok_or_else(wrong)?;
        let entry = |(origin, id): (&Spanned<_>, _)| {
            let origin: &alloc::borrow::Cow<'_, str> = origin.get_ref();
            Ok((String::from(origin.as_ref()), LedgerId(self.id(LEDGERS, id)?)))
        };
        table.iter().map(entry).collect()
    }

    /// The text `any`, or a list of party ids.
    fn issuers(&self) -> Result<Issuers> {
        let value = self.required(ISSUERS)?;
        match value.get_ref() {
            DeValue::String(text) if text == "any" => Ok(Issuers::Any),
            DeValue::String(_) => Err(self.wrong(ISSUERS, value, PolicyProblem::BadValue)),
            DeValue::Array(array) => {
                let ids = array.iter().map(|id| self.id(ISSUERS, id).map(ObjectId));
                ids.collect::<Result<_>>().map(Issuers::Listed)
            }
            _ => Err(self.wrong(ISSUERS, value, PolicyProblem::WrongType)),
        }
    }

    fn number(&self, key: &'static str) -> Result<u64> {
        let value = self.required(key)?;
        let wrong = |problem| self.wrong(key, value, problem);
        let number = value.get_ref().as_integer().ok_or_else(|| wrong(PolicyProblem::WrongType))?;
        u64::from_str_radix(number.as_str(), number.radix()).map_err(|_| wrong(PolicyProblem::BadValue))
    }

    fn flag(&self, key: &'static str) -> Result<bool> {
        let Some(value) = self.find(key) else { return Ok(false) };
        value.get_ref().as_bool().ok_or_else(|| self.wrong(key, value, PolicyProblem::WrongType))
    }

    fn record(&self) -> Result<Keeping> {
        let Some(value) = self.find(RECORD) else { return Ok(Keeping::default()) };
        match self.string(RECORD, value)? {
            "durable" => Ok(Keeping::Durable),
            "memory" => Ok(Keeping::Memory),
            _ => Err(self.wrong(RECORD, value, PolicyProblem::BadValue)),
        }
    }

    /// An array of at most `most` tables, each read by `read`.
    fn tables<T>(&self, key: &'static str, most: usize, read: fn(&File<'a>) -> Result<T>) -> Result<Vec<T>> {
        let Some(value) = self.find(key) else { return Ok(Vec::new()) };
        let wrong = |problem| self.wrong(key, value, problem);
        let array = value.get_ref().as_array().ok_or_else(|| wrong(PolicyProblem::WrongType))?;
        if array.len() > most {
            return Err(wrong(PolicyProblem::BadValue));
        }
        let table = |item: &'a Value<'a>| {
            let table = item.get_ref().as_table();
            let table = table.ok_or_else(|| self.wrong(key, item, PolicyProblem::WrongType))?;
            read(&File { text: self.text, table })
        };
        array.iter().map(table).collect()
    }

    fn at_risk(&self) -> Result<AtRisk> {
        self.check_keys(&AT_RISK_KEYS)?;
        Ok(AtRisk {
            unit: self.id(UNIT, self.required(UNIT)?).map(ObjectId)?,
            from: Amount(self.number(FROM)?),
            max_staleness: Seconds(self.number(MAX_STALENESS)?),
        })
    }

    fn route(&self) -> Result<Route> {
        self.check_keys(&ROUTE_KEYS)?;
        let text = |key| self.string(key, self.required(key)?);
        let (method, path, action, resource) = (text(METHOD)?, text(PATH)?, text(ACTION)?, text(RESOURCE)?);
        let cost = match (self.find(AMOUNT), self.find(UNIT)) {
            (None, None) => None,
            _ => Some(Cost {
                amount: Amount(self.number(AMOUNT)?),
                unit: self.id(UNIT, self.required(UNIT)?).map(ObjectId)?,
            }),
        };
        Route::new(method, path, action, resource, cost, self.flag(QUERY)?).map_err(|error| {
            let key = match error {
                RouteError::Method => METHOD,
                RouteError::Path => PATH,
                RouteError::Action => ACTION,
                RouteError::Resource => RESOURCE,
                RouteError::Cost => AMOUNT,
            };
            let line = self.find(key).map_or(0, |value| line_of(self.text, &value.span()));
            PolicyFileError { line, key: Some(key), problem: PolicyProblem::BadValue }
        })
    }

    fn logged_links(&self) -> Result<LoggedLinks> {
        let Some(value) = self.find(LOGGED_LINKS) else { return Ok(LoggedLinks::Verify) };
        match self.string(LOGGED_LINKS, value)? {
            "verify" => Ok(LoggedLinks::Verify),
            "log" => Ok(LoggedLinks::Log),
            _ => Err(self.wrong(LOGGED_LINKS, value, PolicyProblem::BadValue)),
        }
    }

    /// Names of witnesses.
    fn replaying(&self) -> Result<Vec<Box<[u8]>>> {
        let Some(value) = self.find(REPLAYING) else { return Ok(Vec::new()) };
        let array = value.get_ref().as_array();
        let array = array.ok_or_else(|| self.wrong(REPLAYING, value, PolicyProblem::WrongType))?;
        array.iter().map(|name| self.string(REPLAYING, name).map(|name| name.as_bytes().into())).collect()
    }

    /// 32 bytes in lower-case hexadecimal.
    fn id(&self, key: &'static str, value: &'a Value<'a>) -> Result<[u8; 32]> {
        parse_hex(self.string(key, value)?).ok_or_else(|| self.wrong(key, value, PolicyProblem::BadValue))
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.bytes().take(span.start).filter(|byte| *byte == b'\n');
    before.count().saturating_add(1)
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => byte.checked_sub(b'0'),
            b'a'..=b'f' => byte.checked_sub(b'a')?.checked_add(10),
            _ => None,
        }
    }
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Vec<u8> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<_>>()?;
    bytes.try_into().ok()
}
