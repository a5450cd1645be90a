//! Splits what was typed into words: at spaces, with `"…"` around what has spaces or commas in it. Between the marks a
//! backslash stands before a mark or a backslash, and `\u{…}` is the character with that number.

/// One word, and whether a part of it stood in quotation marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// Splits at `separator` outside of quotation marks; the marks are kept. An open mark is an error.
pub(super) fn split(text: &str, separator: impl Fn(char) -> bool) -> Result<Vec<String>, String> {
    let (mut parts, mut part, mut inside, mut escaped) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && c == '\\' && !escaped;
        if separator(c) && !inside {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    if inside {
        return Err(format!("a quotation mark is not closed in `{text}`"));
    }
    parts.push(part);
    Ok(parts)
}

/// The words of a text.
pub(super) fn words(text: &str) -> Result<Vec<String>, String> {
    let parts = split(text, char::is_whitespace)?;
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect())
}

/// The items of a list with commas; an empty text is one empty item.
pub(super) fn items(text: &str) -> Result<Vec<Word>, String> {
    split(text, |c| c == ',')?.iter().map(|item| unquote(item)).collect()
}

/// A word without its quotation marks.
pub(super) fn unquote(text: &str) -> Result<Word, String> {
    let (mut word, mut inside) = (Word { text: String::new(), quoted: false }, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => (inside, word.quoted) = (!inside, true),
            '\\' if inside => word.text.push(escaped(&mut chars).ok_or_else(|| {
                format!(
                    "in `{text}`, between quotation marks, a backslash stands before \", \\ or u{{…}} alone"
                )
            })?),
            c => word.text.push(c),
        }
    }
    if inside { Err(format!("a quotation mark is not closed in `{text}`")) } else { Ok(word) }
}

/// The character that stands behind a backslash.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    match chars.next()? {
        c @ ('"' | '\\') => Some(c),
        'u' => {
            let (digits, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            *chars = rest.chars();
            char::from_u32(u32::from_str_radix(digits, 16).ok()?)
        }
        _ => None,
    }
}

/// Whether a text is one in quotation marks, from end to end.
pub(super) fn is_quoted_whole(text: &str) -> bool {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| {
        let mut escaped = false;
        let open = inner.chars().any(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        !open && !escaped
    })
}

/// A text in quotation marks, as [`unquote`] reads it: it ends where it ends, and nothing in it acts on a terminal.
pub(super) fn quoted(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        '\'' => c.to_string(),
        c if c.escape_debug().count() == 1 => c.to_string(),
        c => format!("\\u{{{:x}}}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(shown).collect::<String>())
}

/// A name as [`unquote`] reads it: as it is if it is one plain word, else in quotation marks, so that it cannot be
/// taken for more than a name.
pub(in crate::cli) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@+*".contains(c);
    let keyword = ["if", "and"].contains(&text);
    if text.is_empty() || keyword || !text.chars().all(is_plain) { quoted(text) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_quoted_reads_back() {
        let texts =
            ["", "a", "a b", "a\"b", "\\", "\\\"", "a\u{202e}b\n", "größe", "if", "'", "a,b=c", "\u{301}"];
        for text in texts {
            for shown in [quoted(text), word(text)] {
                assert_eq!(unquote(&shown).expect("a word").text, text, "{shown}");
                assert_eq!(words(&shown).expect("words").len(), 1, "{shown}");
                assert_eq!(items(&shown).expect("items").len(), 1, "{shown}");
            }
            assert!(is_quoted_whole(&quoted(text)));
        }
        assert_eq!(word("flights/CA1501"), "flights/CA1501");
        for wrong in ["\"a\\nb\"", "\"\\u{110000}\"", "\"\\u{41\"", "\"a\\\"", "\"a"] {
            assert!(unquote(wrong).is_err(), "{wrong}");
        }
        for part in ["\"a\"b\"", "\"", "a", "\"a\\\"", "\"a\" \"b\""] {
            assert!(!is_quoted_whole(part), "{part}");
        }
    }
}
