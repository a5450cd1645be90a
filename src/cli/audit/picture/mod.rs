//! Pictures of a log: the tree of a token with its budgets, and the flow of value from issuers over agents to payees.
//! As SVG, DOT or Mermaid. What others wrote is text in them and nothing else.

mod flow;
mod svg;
mod tree;

pub(super) use flow::flow;
pub(super) use tree::delegation;

use crate::cli::text::plain;
use clap::Args;
use std::path::PathBuf;

/// Which pictures are written.
#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(super) struct Files {
    /// Draws it as SVG.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// The same for Graphviz.
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,
    /// The same for Mermaid, as Markdown viewers draw it.
    #[arg(long, value_name = "FILE")]
    mermaid: Option<PathBuf>,
}

/// How a picture is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Svg,
    Dot,
    Mermaid,
}

impl Files {
    /// The files that were asked for.
    pub(super) fn asked(&self) -> impl Iterator<Item = (Form, &PathBuf)> {
        let all = [(Form::Svg, &self.svg), (Form::Dot, &self.dot), (Form::Mermaid, &self.mermaid)];
        all.into_iter().filter_map(|(form, path)| Some((form, path.as_ref()?)))
    }
}

/// Text in quotation marks for Graphviz.
fn dot(text: &str) -> String {
    format!("\"{}\"", plain(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Text in quotation marks for Mermaid, which reads entities.
fn mermaid(text: &str) -> String {
    let entity = |c: char| match c {
        '"' => "#quot;".into(),
        '<' => "#lt;".into(),
        '>' => "#gt;".into(),
        '#' => "#35;".into(),
        '&' => "#amp;".into(),
        '`' => "#96;".into(),
        c => c.to_string(),
    };
    format!("\"{}\"", plain(text).chars().map(entity).collect::<String>())
}

/// A key by its beginning and end.
fn key(did: &str) -> String {
    let rest = did.strip_prefix("did:key:").unwrap_or(did);
    let (begin, end): (String, String) = (
        rest.chars().take(10).collect(),
        rest.chars().skip(rest.chars().count().saturating_sub(4)).collect(),
    );
    format!("{begin}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        let evil = "</text><script>\"#`&\u{1b}";
        assert_eq!(dot(evil), "\"</text><script>\\\"#`&\\\\u{1b}\"");
        assert_eq!(mermaid(evil), "\"#lt;/text#gt;#lt;script#gt;#quot;#35;#96;#amp;\\u{1b}\"");
        assert_eq!(svg::text(evil), "&lt;/text&gt;&lt;script&gt;&quot;#`&amp;\\u{1b}");
        assert_eq!(key("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"), "z6MkhaXgBZ…2doK");
    }
}
