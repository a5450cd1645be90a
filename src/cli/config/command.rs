//! `remit config`: what is in force and why, and the commented file of all defaults.

use super::super::out::{Done, Outcome};
use super::settings::SETTINGS;
use super::{Source, get, load, table, variable};
use clap::{Args, Subcommand};
use std::fmt::Write as _;
use std::path::PathBuf;
use toml::Value;

/// Shows the configuration that is in force.
#[derive(Args)]
#[command(after_help = "Example:\n  remit config check ledger/")]
pub(in crate::cli) struct ConfigCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads a configuration and prints every setting with its value, where that comes from, and why the default is
    /// what it is.
    #[command(after_help = "\
Examples:
  remit config check ledger/
  REMIT_HTTP_LISTEN=0.0.0.0:8443 remit config check ledger/remit.toml --json")]
    Check {
        /// The file, or the folder that remit.toml is in.
        #[arg(default_value = ".", value_name = "FILE")]
        file: PathBuf,
    },
    /// Prints a remit.toml with every setting commented out at its default.
    #[command(after_help = "Example:\n  remit config defaults > remit.toml")]
    Defaults,
}

impl ConfigCommand {
    pub(in crate::cli) fn run(self) -> Outcome {
        let file = match self.command {
            Command::Defaults => {
                return Ok(Done::say(commented()).with("file", commented()));
            }
            Command::Check { file } => file,
        };
        let loaded = load(&file)?;
        let (values, defaults) = (table(&loaded.config), table(&Default::default()));
        let (mut text, mut settings) = (String::new(), Vec::new());
        for (setting, source) in SETTINGS.iter().zip(&loaded.sources) {
            let value = get(&values, setting.name);
            let from = match source {
                Source::Default => "default".to_owned(),
                Source::File => "file".to_owned(),
                Source::Environment => variable(setting.name),
            };
            let shown = value.map_or_else(|| "none".into(), Value::to_string);
            // A string takes all.
            let _ = writeln!(text, "{} = {shown}  ({from})\n    {}", setting.name, setting.about);
            let default = get(&defaults, setting.name).map_or_else(|| "none".into(), Value::to_string);
            let _ = writeln!(text, "    Default {default}: {}", setting.reason);
            settings.push(serde_json::json!({
                "name": setting.name,
                "value": value,
                "from": from,
                "default": get(&defaults, setting.name),
                "about": setting.about,
                "reason": setting.reason,
            }));
        }
        Ok(Done::say(text).with("settings", settings))
    }
}

/// A file with every setting commented out at its default.
pub(super) fn commented() -> String {
    let defaults = table(&Default::default());
    let mut text = String::from(
        "# Configuration of a Remit ledger. Every key is here, commented out, with its default and the reason for it.\n\
         # A variable comes before this file: http.listen is REMIT_HTTP_LISTEN. `remit config check` shows\n\
         # what is in force.\n",
    );
    let mut section = "";
    for setting in SETTINGS {
        let (in_section, key) = setting.name.split_once('.').unwrap_or_default();
        if in_section != section {
            section = in_section;
            let _ = writeln!(text, "\n[{section}]");
        }
        let _ = writeln!(text, "# {}\n# Default: {}", setting.about, setting.reason);
        let value = get(&defaults, setting.name).filter(|_| setting.example.is_empty());
        let value = value.map_or_else(|| setting.example.to_owned(), Value::to_string);
        let _ = writeln!(text, "# {key} = {value}");
    }
    text
}
