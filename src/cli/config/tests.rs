//! Files, variables and defaults of the configuration.

use super::command::commented;
use super::*;

fn bare(_: &str) -> Option<String> {
    None
}

#[test]
fn an_empty_file_is_all_defaults() {
    let (config, sources) = resolve("", &bare).expect("a configuration");
    assert_eq!(config, Config::default());
    assert!(sources.iter().all(|source| *source == Source::Default));
}

#[test]
fn the_commented_file_is_the_one_in_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/remit.toml");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, commented()).expect("the file can be written");
    }
    let kept = std::fs::read_to_string(path).expect("docs/remit.toml is there");
    assert!(
        kept == commented(),
        "docs/remit.toml is out of date: UPDATE=1 cargo test --features server --lib config"
    );
}

#[test]
fn the_commented_values_are_the_defaults() {
    let mut lines = Vec::new();
    for line in commented().lines() {
        let key = line.strip_prefix("# ").filter(|rest| {
            let name = rest.split(' ').next().unwrap_or_default();
            rest.contains(" = ") && SETTINGS.iter().any(|setting| setting.name.ends_with(&format!(".{name}")))
        });
        let has_default = |rest: &&str| {
            let name = rest.split(' ').next().unwrap_or_default();
            SETTINGS.iter().any(|s| s.name.ends_with(&format!(".{name}")) && s.example.is_empty())
        };
        lines.push(key.filter(has_default).unwrap_or(line).to_owned());
    }
    let (config, sources) = resolve(&lines.join("\n"), &bare).expect("a configuration");
    assert_eq!(config, Config::default());
    let stated = SETTINGS.iter().filter(|setting| setting.example.is_empty()).count();
    assert_eq!(sources.iter().filter(|source| **source == Source::File).count(), stated);
}

#[test]
fn every_setting_is_explained() {
    let all = table(&Config::default());
    let keys = all.iter().flat_map(|(section, keys)| {
        keys.as_table().into_iter().flatten().map(move |(key, _)| format!("{section}.{key}"))
    });
    for key in keys {
        assert!(SETTINGS.iter().any(|setting| setting.name == key), "{key} is not explained");
    }
    for setting in SETTINGS {
        let example = format!("[{}]\n", setting.name.split_once('.').expect("a section").0);
        assert!(setting.about.ends_with('.') && !setting.reason.is_empty(), "{}", setting.name);
        assert!(commented().contains(&example));
    }
}

#[test]
fn a_variable_comes_before_the_file() {
    let set = |name: &str| (name == "REMIT_HTTP_LISTEN").then(|| "0.0.0.0:8443".to_owned());
    let (config, sources) = resolve("[http]\nlisten = \"127.0.0.1:1\"\npublic = true\n", &set).expect("one");
    assert_eq!((config.http.listen.port(), config.http.public), (8443, true));
    let at = |name: &str| SETTINGS.iter().position(|setting| setting.name == name).expect("a setting");
    assert_eq!(sources[at("http.listen")], Source::Environment);
    assert_eq!(sources[at("http.public")], Source::File);
    let wrong = |name: &str| (name == "REMIT_LIMITS_DRAIN_MS").then(|| "soon".to_owned());
    assert!(resolve("", &wrong).is_err_and(|error| error.starts_with("REMIT_LIMITS_DRAIN_MS=soon")));
    let wrong = |name: &str| (name == "REMIT_HTTP_LISTEN").then(|| "here".to_owned());
    assert!(resolve("", &wrong).is_err_and(|error| error.starts_with("REMIT_HTTP_LISTEN=here")));
}

#[test]
fn mistakes_name_their_line() {
    let error = |text: &str| resolve(text, &bare).expect_err("refused");
    assert!(error("[http]\nlisten = \"127.0.0.1:1\"\nlissten = 1\n").contains("line 3"));
    assert!(error("[htp]\n").contains("unknown field `htp`"));
    assert!(error("[ledger]\nheartbeat_ms = \"x\"\n").contains("line 2"));
    assert!(error("[http]\npublic = maybe\n").contains("line 2"));
    assert!(error("[http]\ntls_key = \"k\"\n").contains("belong together"));
    assert!(error("[ledger]\nguard = \"data/guard\"\n").contains("outside"));
    assert!(error("[ledger]\nheartbeat_ms = 0\n").contains("above 0"));
    assert!(error("[log]\notlp = \"https://collector\"\n").contains("begins with http://"));
    #[cfg(not(feature = "otel"))]
    assert!(error("[log]\notlp = \"http://127.0.0.1:4318\"\n").contains("without the feature otel"));
    assert!(error("[[http.readers]]\nname = \"a\"\nsha256 = \"b\"\n").contains("64 hexadecimal"));
}
