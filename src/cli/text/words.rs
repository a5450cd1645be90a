//! Splits what was typed into words: at spaces, with `"…"` around what has spaces or commas in it.

/// One word, and whether a part of it stood in quotation marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) quoted: bool,
}

/// Splits at `separator` outside of quotation marks; the marks are kept. An open mark is an error.
pub(super) fn split(text: &str, separator: impl Fn(char) -> bool) -> Result<Vec<String>, String> {
    let (mut parts, mut part, mut inside) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        if c == '"' {
            inside = !inside;
        }
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
    Ok(split(text, |c| c == ',')?.iter().map(|item| unquote(item)).collect())
}

/// A word without its quotation marks.
pub(super) fn unquote(text: &str) -> Word {
    Word { text: text.replace('"', ""), quoted: text.contains('"') }
}
