//! Permissions as they are typed (spec 04 §3–§4):
//! `service=ID action=book,cancel resource=flights/economy if amount le 5000 and class in economy,standard`.

use super::value::{of_word, text_of};
use super::words::{items, unquote, word, words};
use remit_verifier::object::{Condition, Operator, Path, Permission};

/// Reads one permission. A set that is not named puts no limit in a child, and allows nothing in a root.
pub(in crate::cli) fn permission(text: &str) -> Result<Permission, String> {
    let words = words(text)?;
    let end = words.iter().position(|word| word == "if").unwrap_or(words.len());
    let mut permission = Permission::default();
    for word in &words[..end] {
        let (name, list) = word.split_once('=').ok_or_else(|| {
            format!("`{word}`: write service=…, action=…, resource=…, then `if` and conditions")
        })?;
        let texts = items(list)?.into_iter().map(|item| item.text);
        match name {
            "service" | "services" => {
                let ids = texts.map(|id| super::id(&id)).collect::<Result<Vec<_>, _>>()?;
                permission.services.get_or_insert_default().extend(ids);
            }
            "action" | "actions" => permission.actions.get_or_insert_default().extend(texts),
            "resource" | "resources" => {
                let paths = texts.map(|path| resource(&path)).collect::<Result<Vec<_>, _>>()?;
                permission.resources.get_or_insert_default().extend(paths);
            }
            _ => return Err(format!("`{name}` is no set: there are service, action and resource")),
        }
    }
    if let Some(conditions) = words.get(end + 1..) {
        permission.conditions =
            conditions.split(|word| word == "and").map(condition).collect::<Result<_, _>>()?;
    }
    Ok(permission)
}

/// A path; `/**` at its end says what holds anyway, that all below is meant. `**` is the path that everything is below.
pub(in crate::cli) fn resource(text: &str) -> Result<Path, String> {
    let path = if text == "**" { "" } else { text.strip_suffix("/**").unwrap_or(text) };
    Path::parse(path).map_err(|_| {
        format!("`{text}` is no resource: segments with / between them, none empty, without %, ?, #, \\ or *")
    })
}

fn condition(words: &[String]) -> Result<Condition, String> {
    let [argument, operator, operands] = words else {
        let what = words.join(" ");
        return Err(format!(
            "`{what}` is no condition: write ARGUMENT OPERATOR VALUE, with `and` between conditions"
        ));
    };
    let operator = Operator::from_text(operator)
        .ok_or_else(|| "operators are eq, ne, lt, le, gt, ge, in and prefix".to_string())?;
    let operands = match operator {
        Operator::In if operands == "[]" => Vec::new(),
        Operator::In => items(operands)?.iter().map(of_word).collect(),
        _ => vec![of_word(&unquote(operands)?)],
    };
    Ok(Condition { argument: unquote(argument)?.text, operator, operands })
}

/// A permission as [`permission`] reads it.
pub(in crate::cli) fn show(permission: &Permission) -> String {
    fn set<T>(name: &str, items: &Option<Vec<T>>, text: impl Fn(&T) -> String) -> Option<String> {
        let items = items.as_ref()?;
        Some(format!("{name}={}", items.iter().map(text).collect::<Vec<_>>().join(",")))
    }
    let path = |path: &Path| {
        if path.as_str().is_empty() { "**".into() } else { word(&format!("{path}/**", path = path.as_str())) }
    };
    let mut parts: Vec<String> = [
        set("service", &permission.services, |id| id.to_string()),
        set("action", &permission.actions, |action| word(action)),
        set("resource", &permission.resources, path),
    ]
    .into_iter()
    .flatten()
    .collect();
    let conditions: Vec<String> = permission.conditions.iter().map(show_condition).collect();
    if !conditions.is_empty() {
        parts.push(format!("if {}", conditions.join(" and ")));
    }
    parts.join(" ")
}

fn show_condition(condition: &Condition) -> String {
    let operator = condition.operator.text();
    let operands: Vec<String> = condition.operands.iter().map(text_of).collect();
    let operands = if operands.is_empty() { "[]".into() } else { operands.join(",") };
    format!("{} {operator} {operands}", word(&condition.argument))
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_verifier::object::Value;

    #[test]
    fn a_permission_goes_there_and_back() {
        let id = "ab".repeat(32);
        let text = format!(
            "service={id} action=book,cancel resource=flights/economy/**,** if amount le 5000 and \
             class in \"economy\",\"first class\" and flexible eq true and none in []"
        );
        let read = permission(&text).expect("a permission");
        assert_eq!(read.resources.as_ref().map(|paths| paths[0].as_str()), Some("flights/economy"));
        assert_eq!(read.conditions.len(), 4);
        assert_eq!(read.conditions[1].operands[1], Value::Text("first class".into()));
        assert_eq!(permission(&show(&read)), Ok(read.clone()));
        assert_eq!(show(&read), text);
    }

    #[test]
    fn what_is_not_named_is_not_limited() {
        let read = permission("action=book").expect("a permission");
        assert!(read.services.is_none() && read.resources.is_none() && read.conditions.is_empty());
        assert_eq!(permission(""), Ok(Permission::default()));
    }

    #[test]
    fn mistakes_are_named() {
        for wrong in [
            "service=abc",
            "book",
            "color=red",
            "resource=a//b",
            "action=a if",
            "action=a if x le",
            "action=\"a",
        ] {
            assert!(permission(wrong).is_err(), "{wrong}");
        }
        assert!(permission("if amount like 5").is_err_and(|error| error.contains("operators are")));
    }

    #[test]
    fn two_permissions_are_never_shown_alike() {
        let honest =
            permission("action=book if class ne \"a\" and amount le 5000 and x ne \"b\"").expect("three");
        let text = "a\" and amount le 5000 and x ne \"b";
        let condition = |argument: &str, text: &str| Condition {
            argument: argument.into(),
            operator: Operator::Ne,
            operands: vec![Value::Text(text.into())],
        };
        let permission_of = |action: &str, one: Condition| Permission {
            actions: Some(vec![action.into()]),
            conditions: vec![one],
            ..Permission::default()
        };
        let others = [
            permission_of("book", condition("class", text)),
            permission_of("book", condition("class ne \"a\" and amount le 5000 and x", "b")),
            permission_of("book if class ne \"a\" and amount le 5000", condition("x", "b")),
            permission_of("book", condition("class", "a\\\" and amount le 5000 and x ne \\\"b")),
        ];
        for evil in others {
            assert_ne!(show(&evil), show(&honest), "no bound on the amount, shown as one");
            assert_eq!(permission(&show(&evil)), Ok(evil.clone()), "{}", show(&evil));
        }
    }

    #[test]
    fn nothing_that_turns_the_line_around_is_shown() {
        let evil = Permission {
            actions: Some(vec!["book\u{202e}koob".into()]),
            conditions: vec![Condition {
                argument: "a\u{2066}".into(),
                operator: Operator::Eq,
                operands: vec![Value::Text("\u{1b}[2K".into())],
            }],
            ..Permission::default()
        };
        let shown = show(&evil);
        assert!(shown.is_ascii() && !shown.contains('\u{1b}'), "{shown:?}");
        assert_eq!(permission(&shown), Ok(evil));
    }
}
