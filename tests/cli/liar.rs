//! A server that lies: it hands on what is asked and answered, changed.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// Forwards to `upstream`, and changes what comes back for paths that contain `path`.
pub(crate) fn proxy(
    upstream: &str,
    path: &'static str,
    change: impl Fn(String) -> String + Send + 'static,
) -> String {
    relay(upstream, path, change, |line| line)
}

/// The same, and changes the lines of the request's head too.
pub(crate) fn relay(
    upstream: &str,
    path: &'static str,
    change: impl Fn(String) -> String + Send + 'static,
    ask: impl Fn(String) -> String + Send + 'static,
) -> String {
    liar(upstream, path, move |head, body| (head, change(text(&body)).into_bytes()), ask)
}

/// Hands submissions on, and answers them with another status and body.
pub(crate) fn answers(
    upstream: &str,
    status: &'static str,
    change: impl Fn(String) -> String + Send + 'static,
) -> String {
    let answer = move |head: String, body: Vec<u8>| {
        let (_, rest) = head.split_once("\r\n").expect("a line of status");
        (format!("HTTP/1.1 {status}\r\n{rest}"), change(text(&body)).into_bytes())
    };
    liar(upstream, "/v1/operations", answer, |line| line)
}

/// Answers whatever is asked with a status, and nothing of a ledger.
pub(crate) fn answers_all(upstream: &str, status: &'static str) -> String {
    let answer = move |_, _| (format!("HTTP/1.1 {status}\r\nServer: another"), b"<html>".to_vec());
    liar(upstream, "/", answer, |line| line)
}

/// Answers what is asked for a path with what was answered once.
pub(crate) fn replays(upstream: &str, path: &'static str, once: Vec<u8>) -> String {
    liar(upstream, path, move |head, _| (head, once.clone()), |line| line)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn liar(
    upstream: &str,
    path: &'static str,
    change: impl Fn(String, Vec<u8>) -> (String, Vec<u8>) + Send + 'static,
    ask: impl Fn(String) -> String + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let upstream = upstream.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut client) = stream else { continue };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                if client.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let length = head.lines().find_map(|l| {
                l.to_ascii_lowercase()
                    .strip_prefix("content-length:")
                    .map(|n| n.trim().parse::<usize>().unwrap_or(0))
            });
            let mut body = vec![0; length.unwrap_or(0)];
            if client.read_exact(&mut body).is_err() {
                continue;
            }
            let kept: Vec<&str> = head
                .trim_end()
                .lines()
                .filter(|l| {
                    let l = l.to_ascii_lowercase();
                    !l.starts_with("connection:") && !l.starts_with("accept-encoding:")
                })
                .collect();
            let mut server = TcpStream::connect(&upstream).expect("the server");
            server
                .write_all(ask(format!("{}\r\nConnection: close\r\n\r\n", kept.join("\r\n"))).as_bytes())
                .expect("sent");
            server.write_all(&body).expect("sent");
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).unwrap_or_default();
            if head.lines().next().is_some_and(|line| line.contains(path)) {
                let at = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head") + 4;
                let (head, body) = answer.split_at(at);
                let (head, body) = change(text(head), body.to_vec());
                let head: Vec<&str> = head
                    .trim_end()
                    .lines()
                    .filter(|l| !l.to_ascii_lowercase().starts_with("content-length:"))
                    .collect();
                let head = format!("{}\r\nContent-Length: {}\r\n\r\n", head.join("\r\n"), body.len());
                answer = [head.into_bytes(), body].concat();
            }
            client.write_all(&answer).unwrap_or_default();
        }
    });
    url
}
