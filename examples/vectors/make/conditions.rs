//! `conditions.json`: the truth table of every operator (spec 04 §4).

use super::{Vector, operand};
use remit_verifier::object::{Operator, Value};
use serde_json::json;

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

const fn int(value: i64) -> Value {
    Value::Integer(value)
}

/// The name of an operator.
pub(crate) fn name(operator: Operator) -> &'static str {
    match operator {
        Operator::Eq => "eq",
        Operator::Ne => "ne",
        Operator::Lt => "lt",
        Operator::Le => "le",
        Operator::Gt => "gt",
        Operator::Ge => "ge",
        Operator::In => "in",
        Operator::Prefix => "prefix",
    }
}

type Row = (Operator, &'static str, Option<Value>, Vec<Value>, bool);

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut rows = everywhere();
    rows.extend(equality());
    rows.extend(order());
    rows.extend(membership());
    rows.extend(prefixes());
    let vector = |(number, (operator, about, value, operands, holds)): (usize, Row)| {
        let operands: Vec<_> = operands.iter().map(operand).collect();
        let value = value.as_ref().map(operand);
        let input = json!({ "operator": name(operator), "operands": operands, "value": value });
        let name = format!("{}-{number}", name(operator));
        Vector::ok(&name, about, "04 §4", input, json!({ "holds": holds }))
    };
    rows.into_iter().enumerate().map(vector).collect()
}

fn everywhere() -> Vec<Row> {
    use Operator::*;
    let mut rows = Vec::new();
    for operator in [Eq, Ne, Lt, Le, Gt, Ge, In, Prefix] {
        let operand = if operator == Prefix { text("a") } else { int(1) };
        rows.push((operator, "A missing argument.", None, vec![operand.clone()], false));
        rows.push((operator, "An argument of another type.", Some(Value::Bool(true)), vec![operand], false));
    }
    rows
}

fn equality() -> Vec<Row> {
    use Operator::{Eq, Ne};
    let mut rows = Vec::new();
    for (a, b, equal) in [
        (int(5), int(5), true),
        (int(5), int(6), false),
        (int(-1), int(1), false),
        (int(i64::MIN), int(i64::MIN), true),
        (text("a"), text("a"), true),
        (text("a"), text("A"), false),
        (text("a"), text("a "), false),
        (text(""), text(""), true),
        // One letter, and a letter with a combining mark: other bytes, another text.
        (text("\u{e9}"), text("e\u{301}"), false),
        (Value::Bool(true), Value::Bool(true), true),
        (Value::Bool(true), Value::Bool(false), false),
    ] {
        rows.push((Eq, "Values of one type.", Some(a.clone()), vec![b.clone()], equal));
        rows.push((Ne, "Values of one type.", Some(a), vec![b], !equal));
    }
    for (a, b) in [
        (int(1), text("1")),
        (text("1"), int(1)),
        (int(1), Value::Bool(true)),
        (text("true"), Value::Bool(true)),
    ] {
        rows.push((Eq, "Values of two types are never equal.", Some(a.clone()), vec![b.clone()], false));
        rows.push((Ne, "Values of two types are not unequal either.", Some(a), vec![b], false));
    }
    rows
}

fn order() -> Vec<Row> {
    use Operator::{Ge, Gt, Le, Lt};
    let mut rows = Vec::new();
    for (a, b) in [(4, 5), (5, 5), (6, 5), (-6, -5), (-5, 0), (i64::MIN, i64::MAX), (i64::MAX, i64::MIN)] {
        for (operator, holds) in [(Lt, a < b), (Le, a <= b), (Gt, a > b), (Ge, a >= b)] {
            rows.push((operator, "Integers in their order.", Some(int(a)), vec![int(b)], holds));
        }
    }
    for operator in [Lt, Le, Gt, Ge] {
        rows.push((operator, "Texts have no order.", Some(text("a")), vec![text("a")], false));
        rows.push((
            operator,
            "Truth values have no order.",
            Some(Value::Bool(true)),
            vec![Value::Bool(true)],
            false,
        ));
        rows.push((operator, "An integer and a text.", Some(int(5)), vec![text("5")], false));
    }
    rows
}

fn membership() -> Vec<Row> {
    let mixed = vec![int(1), text("two"), Value::Bool(false)];
    let row = |about, value, operands: &Vec<Value>, holds| {
        (Operator::In, about, Some(value), operands.clone(), holds)
    };
    vec![
        row("Nothing is in an empty list.", int(1), &Vec::new(), false),
        row("One of several operands.", int(1), &mixed, true),
        row("One of several operands.", text("two"), &mixed, true),
        row("One of several operands.", Value::Bool(false), &mixed, true),
        row("None of them.", int(2), &mixed, false),
        row("The type counts.", text("1"), &mixed, false),
        row("The same operand twice.", int(1), &vec![int(1), int(1)], true),
        (Operator::In, "A missing argument is in no list.", None, mixed.clone(), false),
    ]
}

fn prefixes() -> Vec<Row> {
    let row = |about, value: &str, operand: &str, holds| {
        (Operator::Prefix, about, Some(text(value)), vec![text(operand)], holds)
    };
    vec![
        row("The same path.", "rooms/12", "rooms/12", true),
        row("A path below.", "rooms/12", "rooms", true),
        row("Two levels below.", "rooms/12/minibar", "rooms", true),
        row("Segments are whole.", "rooms/123", "rooms/12", false),
        row("Segments are whole.", "roomservice", "room", false),
        row("A path above.", "rooms", "rooms/12", false),
        row("Every path is below the empty one.", "rooms", "", true),
        row("The empty path is below itself.", "", "", true),
        row("The empty path is below no other.", "", "rooms", false),
        row("A value that is no path.", "rooms/../safe", "rooms", false),
        row("A value that is no path.", "rooms/", "rooms", false),
        row("An operand that is no path.", "rooms/12", "rooms/", false),
        row("Case counts.", "Rooms/12", "rooms", false),
        (Operator::Prefix, "An integer is no path.", Some(int(1)), vec![text("")], false),
        (Operator::Prefix, "An integer is no operand.", Some(text("a")), vec![int(1)], false),
    ]
}
