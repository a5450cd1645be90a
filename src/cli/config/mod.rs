//! `remit.toml`: what a server is told. Every setting has a default with a reason; `REMIT_*` variables come before the
//! file, the file before the defaults, and a key that is not known is an error.

mod command;
mod settings;

pub(super) use command::ConfigCommand;
pub(super) use settings::{Config, LogFormat, TokenSection};

use super::out::Failure;
use settings::SETTINGS;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The name of the file in a ledger's folder.
pub(super) const FILE_NAME: &str = "remit.toml";

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Default,
    File,
    Environment,
}

/// A configuration as it is in force, with where each value comes from.
pub(super) struct Loaded {
    pub(super) config: Config,
    /// The folder that relative paths start from.
    folder: PathBuf,
    sources: Vec<Source>,
}

impl Loaded {
    /// A path of the configuration, from the folder of the file.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// Reads the file of a ledger: `at` is the file, or the folder that it is in.
pub(super) fn load(at: &Path) -> Result<Loaded, Failure> {
    let file = if at.is_dir() { at.join(FILE_NAME) } else { at.to_path_buf() };
    let text = std::fs::read_to_string(&file).map_err(|error| {
        Failure::usage(format!("{}: {error}", file.display()))
            .coded("no_config")
            .hint("`remit init DIR --origin NAME` makes a ledger with its configuration")
    })?;
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    resolve(&text, &|name| std::env::var(name).ok())
        .map(|(config, sources)| Loaded { config, folder, sources })
        .map_err(|problem| {
            Failure::usage(format!("{}: {problem}", file.display()))
                .coded("bad_config")
                .hint("docs/remit.toml has every key with its default and the reason for it")
        })
}

/// The variable that comes before a setting of the file: `http.listen` is `REMIT_HTTP_LISTEN`.
fn variable(name: &str) -> String {
    format!("REMIT_{}", name.replace('.', "_").to_uppercase())
}

/// The configuration of a file's text and an environment. Errors name the line or the variable.
fn resolve(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<(Config, Vec<Source>), String> {
    let _: Config = toml::from_str(text).map_err(|error| error.to_string())?;
    let file: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let defaults = table(&Config::default());
    let (mut merged, mut sources) = (file.clone(), Vec::new());
    for setting in SETTINGS {
        let given = environment(&variable(setting.name)).filter(|_| setting.in_environment);
        sources.push(match &given {
            Some(_) => Source::Environment,
            None if get(&file, setting.name).is_some() => Source::File,
            None => Source::Default,
        });
        if let Some(given) = given {
            let value = typed(&given, get(&defaults, setting.name))
                .ok_or_else(|| format!("{}={given}: not a possible value", variable(setting.name)))?;
            put(&mut merged, setting.name, value);
            let tried: Result<Config, _> = merged.clone().try_into();
            tried.map_err(|error| format!("{}={given}: {}", variable(setting.name), error.message()))?;
        }
    }
    let config: Config = merged.try_into().map_err(|error: toml::de::Error| error.to_string())?;
    config.check()?;
    Ok((config, sources))
}

/// A configuration as TOML.
fn table(config: &Config) -> Table {
    Table::try_from(config).unwrap_or_default()
}

fn get<'t>(table: &'t Table, name: &str) -> Option<&'t Value> {
    let (section, key) = name.split_once('.')?;
    table.get(section)?.as_table()?.get(key)
}

fn put(table: &mut Table, name: &str, value: Value) {
    let Some((section, key)) = name.split_once('.') else { return };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Some(section) = section.as_table_mut() {
        section.insert(key.into(), value);
    }
}

/// What a variable says, as a value of the default's type; what has no default is text.
fn typed(given: &str, default: Option<&Value>) -> Option<Value> {
    match default {
        Some(Value::Integer(_)) => given.parse().ok().map(Value::Integer),
        Some(Value::Boolean(_)) => given.parse().ok().map(Value::Boolean),
        _ => Some(Value::String(given.into())),
    }
}

#[cfg(test)]
mod tests;
