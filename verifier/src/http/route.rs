//! Routes: what a request over HTTP is in terms of permissions, as the service's policy says (spec 20 §4).

use crate::code::Code;
use crate::limits::*;
use crate::object::Path;
use crate::types::{Amount, ObjectId};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What requests of one form are; made only by [`Route::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    method: Option<String>,
    path: Vec<Segment>,
    action: Template,
    resource: Template,
    cost: Option<Cost>,
    query: bool,
}

/// What a request costs: exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// In minor units, not 0.
    pub amount: Amount,
    /// The unit.
    pub unit: ObjectId,
}

/// What a route makes of a request: an invocation has to ask for exactly this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: Path,
    /// The cost, if the route states one; else the service decides by what the invocation pays.
    pub cost: Option<Cost>,
}

/// Which part of a route is not of its form (spec 13 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// Neither a method nor `*`.
    Method,
    /// Not a path of segments.
    Path,
    /// Too long or empty, or a name in it is not one of the path's.
    Action,
    /// Too long, or a name in it is not one of the path's.
    Resource,
    /// The cost is 0.
    Cost,
}

/// A segment of a route's path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// Exactly this.
    Text(String),
    /// Any one segment.
    One(String),
    /// One segment or more, to the end.
    Rest(String),
}

/// Whether `path` matches whatever `other` does.
fn covers(path: &[Segment], other: &[Segment]) -> bool {
    match (path.split_first(), other.split_first()) {
        (None, None) => true,
        (Some((Segment::Rest(_), _)), Some(_)) => true,
        (Some((Segment::One(_), rest)), Some((Segment::Text(_) | Segment::One(_), others))) => {
            covers(rest, others)
        }
        (Some((Segment::Text(one), rest)), Some((Segment::Text(two), others))) => {
            one == two && covers(rest, others)
        }
        _ => false,
    }
}

/// A text with names in it.
type Template = Vec<Part>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The method in lower case.
    Method,
    /// What the segment of this name stands for.
    Name(String),
}

impl Route {
    /// A route from its texts, as they stand in a policy file.
    ///
    /// # Errors
    ///
    /// [`RouteError`]: the first part that is not of its form.
    pub fn new(
        method: &str,
        path: &str,
        action: &str,
        resource: &str,
        cost: Option<Cost>,
        query: bool,
    ) -> Result<Self, RouteError> {
        let is_method = (1..=HTTP_METHOD_BYTES_MAX).contains(&method.len())
            && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if method != "*" && !is_method {
            return Err(RouteError::Method);
        }
        let path = segments(path).ok_or(RouteError::Path)?;
        let action = template(action, &path).filter(|parts| !parts.is_empty()).ok_or(RouteError::Action)?;
        let resource = template(resource, &path).ok_or(RouteError::Resource)?;
        if cost.is_some_and(|cost| cost.amount == Amount(0)) {
            return Err(RouteError::Cost);
        }
        Ok(Self { method: is_method.then(|| method.into()), path, action, resource, cost, query })
    }

    /// Whether it matches every request that `other` does, so that `other` behind it never decides.
    pub fn hides(&self, other: &Self) -> bool {
        let methods = self.method.is_none() || self.method == other.method;
        methods && covers(&self.path, &other.path)
    }

    /// What the first of `routes` that matches makes of a request.
    ///
    /// # Errors
    ///
    /// [`Code::NoRoute`] if none matches, or the one that does gives nothing that may be asked.
    pub fn find(routes: &[Self], method: &str, target: &str) -> Result<Asked, Code> {
        let (path, query) = match target.split_once('?') {
            Some((path, _)) => (path, true),
            None => (target, false),
        };
        let path = path.strip_prefix('/').filter(|path| !path.contains(';')).ok_or(Code::NoRoute)?;
        Path::parse(path).map_err(|_| Code::NoRoute)?;
        let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
        let matching = routes.iter().find_map(|route| Some((route, route.matches(method, &segments)?)));
        let (route, names) = matching.ok_or(Code::NoRoute)?;
        if query && !route.query {
            return Err(Code::NoRoute);
        }
        let action = filled(&route.action, method, &names);
        if !(1..=NAME_BYTES_MAX).contains(&action.len()) {
            return Err(Code::NoRoute);
        }
        let resource = Path::parse(&filled(&route.resource, method, &names)).map_err(|_| Code::NoRoute)?;
        Ok(Asked { action, resource, cost: route.cost })
    }

    /// What the names of the path stand for, if method and path are this route's.
    fn matches<'r>(&'r self, method: &str, segments: &[&str]) -> Option<Vec<(&'r str, String)>> {
        if self.method.as_ref().is_some_and(|own| own != method) {
            return None;
        }
        let mut names = Vec::new();
        let mut rest = segments;
        for segment in &self.path {
            let (first, after) = rest.split_first()?;
            match segment {
                Segment::Text(text) if text == first => {}
                Segment::Text(_) => return None,
                Segment::One(name) => names.push((name.as_str(), String::from(*first))),
                Segment::Rest(name) => {
                    names.push((name.as_str(), rest.join("/")));
                    return Some(names);
                }
            }
            rest = after;
        }
        rest.is_empty().then_some(names)
    }
}

impl fmt::Display for Route {
    /// Method and path, what they are, and what that costs: the route as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /", self.method.as_deref().unwrap_or("*"))?;
        for (place, segment) in self.path.iter().enumerate() {
            let slash = if place == 0 { "" } else { "/" };
            match segment {
                Segment::Text(text) => write!(f, "{slash}{text}")?,
                Segment::One(name) => write!(f, "{slash}{{{name}}}")?,
                Segment::Rest(name) => write!(f, "{slash}{{{name}*}}")?,
            }
        }
        f.write_str(if self.query { "[?query] is " } else { " is " })?;
        write_template(f, &self.action)?;
        f.write_str(" ")?;
        write_template(f, &self.resource)?;
        match self.cost {
            Some(Cost { amount, unit }) => write!(f, ", for {amount} minor units of {unit}"),
            None => Ok(()),
        }
    }
}

fn write_template(f: &mut fmt::Formatter<'_>, parts: &[Part]) -> fmt::Result {
    parts.iter().try_for_each(|part| match part {
        Part::Text(text) => f.write_str(text),
        Part::Method => f.write_str("{method}"),
        Part::Name(name) => write!(f, "{{{name}}}"),
    })
}

fn filled(parts: &[Part], method: &str, names: &[(&str, String)]) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(fixed) => text.push_str(fixed),
            Part::Method => text.push_str(&method.to_ascii_lowercase()),
            Part::Name(name) => {
                // A template names the path's own names alone.
                let value = names.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
                text.push_str(value.unwrap_or_default());
            }
        }
    }
    text
}

fn segments(path: &str) -> Option<Vec<Segment>> {
    let inner = path.strip_prefix('/').filter(|_| path.len() <= ROUTE_BYTES_MAX)?;
    if inner.is_empty() {
        return Some(Vec::new());
    }
    let mut found: Vec<Segment> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    for text in inner.split('/') {
        if matches!(found.last(), Some(Segment::Rest(_))) {
            return None;
        }
        let segment = match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => {
                let (name, many) = match name.strip_suffix('*') {
                    Some(name) => (name, true),
                    None => (name, false),
                };
                if !is_name(name) || names.contains(&name) {
                    return None;
                }
                names.push(name);
                if many { Segment::Rest(name.into()) } else { Segment::One(name.into()) }
            }
            // What stands in no path matches nothing, and is a mistake.
            None if text.contains(['{', '}', '*', ';']) || text.is_empty() => return None,
            None => {
                Path::parse(text).ok()?;
                Segment::Text(text.into())
            }
        };
        found.push(segment);
    }
    Some(found)
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=ROUTE_NAME_BYTES_MAX).contains(&name.len()) && name != "method" && name.bytes().all(letter)
}

fn template(text: &str, path: &[Segment]) -> Option<Template> {
    if text.len() > ROUTE_BYTES_MAX {
        return None;
    }
    let known = |name: &str| {
        path.iter().any(|segment| match segment {
            Segment::One(own) | Segment::Rest(own) => own == name,
            Segment::Text(_) => false,
        })
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (fixed, after) = match rest.split_once('{') {
            None => (rest, None),
            Some((fixed, after)) => (fixed, Some(after)),
        };
        if fixed.contains('}') {
            return None;
        }
        if !fixed.is_empty() {
            parts.push(Part::Text(fixed.into()));
        }
        let Some(after) = after else { break };
        let (name, after) = after.split_once('}')?;
        match name {
            "method" => parts.push(Part::Method),
            name if known(name) => parts.push(Part::Name(name.into())),
            _ => return None,
        }
        rest = after;
    }
    Some(parts)
}
