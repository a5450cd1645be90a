//! Values of arguments and operands: `4200`, `true`, `economy`, `"4200"`.

use super::hex;
use super::words::{Word, is_quoted_whole, quoted, unquote};
use remit_verifier::object::{Argument, Value};

/// A whole number is an integer, `true` and `false` are truth values, everything else and whatever stands in quotation
/// marks is text.
pub(in crate::cli) fn value(text: &str) -> Result<Value, String> {
    unquote(text).map(|word| of_word(&word))
}

/// The value of a word.
pub(super) fn of_word(word: &Word) -> Value {
    match (word.quoted, word.text.parse(), word.text.as_str()) {
        (false, Ok(integer), _) => Value::Integer(integer),
        (false, _, "true") => Value::Bool(true),
        (false, _, "false") => Value::Bool(false),
        (_, _, text) => Value::Text(text.into()),
    }
}

/// `NAME=VALUE`.
pub(in crate::cli) fn named(text: &str) -> Result<(String, Value), String> {
    let (name, given) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is no argument: write NAME=VALUE"))?;
    // What is kept of it is one line, and reads back as what was signed.
    let marks = given.contains('"') && !is_quoted_whole(given);
    if marks || text.chars().any(char::is_control) {
        return Err(format!(
            "the value of `{name}` has line ends, or quotation marks that are not around all of it"
        ));
    }
    Ok((name.into(), value(given)?))
}

/// `NAME=VALUE:SALT`, as an agent shows it to a service; the salt has 32 hexadecimal digits.
pub(in crate::cli) fn salted(text: &str) -> Result<Argument, String> {
    let wrong =
        || format!("`{text}` is no argument: write NAME=VALUE:SALT, the salt in 32 hexadecimal digits");
    let (rest, salt) = text.rsplit_once(':').ok_or_else(wrong)?;
    let salt = hex(salt).ok_or_else(wrong)?;
    let (name, value) = named(rest)?;
    Ok(Argument { name, salt, value })
}

/// The argument as [`salted`] reads it.
pub(in crate::cli) fn salted_text(argument: &Argument) -> String {
    format!("{}={}:{}", argument.name, text_of(&argument.value), super::to_hex(&argument.salt))
}

/// A value as [`value`] reads it.
pub(in crate::cli) fn text_of(given: &Value) -> String {
    match given {
        Value::Integer(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => quoted(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_type_that_it_looks_like() {
        assert_eq!(value("4200"), Ok(Value::Integer(4200)));
        assert_eq!(value("-1"), Ok(Value::Integer(-1)));
        assert_eq!(value("true"), Ok(Value::Bool(true)));
        assert_eq!(value("economy"), Ok(Value::Text("economy".into())));
        assert_eq!(value("\"4200\""), Ok(Value::Text("4200".into())));
        assert_eq!(value(""), Ok(Value::Text(String::new())));
    }

    #[test]
    fn arguments_go_there_and_back() {
        for text in
            [format!("amount=4200:{}", "0a".repeat(16)), format!("to=\"a:\\\"b\":{}", "ff".repeat(16))]
        {
            let argument = salted(&text).expect("an argument");
            assert_eq!(salted_text(&argument), text);
        }
        assert!(salted("amount=4200").is_err() && salted("amount:00").is_err());
    }

    #[test]
    fn what_would_not_read_back_is_refused() {
        for wrong in ["note=a\"b", "note=\"a\"b\"", "note=\"", "note=a\nb", "note=\"a\tb\""] {
            assert!(named(wrong).is_err_and(|error| error.contains("quotation marks")), "{wrong:?}");
        }
        assert_eq!(named("note=\"a b\""), Ok(("note".into(), Value::Text("a b".into()))));
        assert_eq!(named("note=\"a\\\"b\""), Ok(("note".into(), Value::Text("a\"b".into()))));
        assert_eq!(named("note=\"\""), Ok(("note".into(), Value::Text(String::new()))));
    }
}
