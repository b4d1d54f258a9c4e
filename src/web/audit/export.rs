//! The log as a file: read in groups as they are taken, so that a long one needs little memory.

use std::io;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data},
};
use futures_util::stream;
use serde::Serialize;
use serde_json::Value;

use super::{filter::Format, steers, visible};
use crate::actions::{
    Context,
    audit::{self, LogFilter, Logged, Scope},
};
use crate::domain::audit::chain::Chain;
use crate::web::extract::visit::Visit;
use crate::web::respond::PageResult;

const COLUMNS: &[&str] = &[
    "time",
    "actor",
    "actor_id",
    "actor_name",
    "action",
    "app_id",
    "app_name",
    "detail",
    "address",
    "request_id",
    "id",
    "chain",
    "number",
    "hash",
];

/// One row, of JSON and of CSV alike.
#[derive(Serialize)]
struct Exported<'a> {
    time: String,
    actor: &'a str,
    actor_id: Option<String>,
    actor_name: Option<&'a str>,
    action: &'a str,
    app_id: Option<String>,
    app_name: Option<&'a str>,
    detail: Value,
    address: Option<&'a str>,
    request_id: Option<&'a str>,
    id: String,
    chain: String,
    number: i64,
    hash: String,
}

/// Where an export is.
struct State {
    request: HttpRequest,
    ctx: Data<Context>,
    scope: Scope,
    format: Format,
    /// What is read next; nothing once all is.
    next: Option<LogFilter>,
    is_first: bool,
}

/// Everything that fits, the newest first. One that breaks off was not ended as a file: so it does
/// when the session ends, or may not read this any more.
pub(in crate::web) async fn export(
    request: &HttpRequest,
    ctx: &Data<Context>,
    scope: Scope,
    filter: LogFilter,
    format: Format,
) -> PageResult {
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "audit.csv"),
        Format::Json => ("application/json", "audit.json"),
    };
    let filter = LogFilter { after: None, ..filter };
    let request = request.clone();
    let mut state = State { request, ctx: ctx.clone(), scope, format, next: Some(filter), is_first: true };
    // The first group before the answer begins, so that a database that is away is told as such.
    let first = state.group().await?;
    let rest = stream::try_unfold(state, |mut state| async move {
        if state.next.is_none() {
            return Ok(None);
        }
        if !state.may_go_on().await {
            return Err(broke_off());
        }
        let group = state.group().await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "an export of the audit log broke off");
            broke_off()
        })?;
        Ok::<_, io::Error>(Some((group, state)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(stream::StreamExt::chain(stream::iter([Ok(first)]), rest)))
}

fn broke_off() -> io::Error {
    io::Error::other("the export broke off")
}

impl State {
    /// Whoever takes the file slowly may have lost the right to it.
    async fn may_go_on(&self) -> bool {
        Visit::forget(&self.request);
        let visit = Visit::of(&self.request).await;
        visit.is_ok_and(|visit| visit.who.is_some_and(|who| self.scope.is_for(&self.ctx, &who)))
    }

    /// The next part of the file.
    async fn group(&mut self) -> crate::actions::Result<Bytes> {
        let Some(filter) = self.next.take() else { return Ok(Bytes::new()) };
        let (rows, next) = audit::batch(&self.ctx, self.scope, &filter).await?;
        let mut text = String::new();
        if self.is_first {
            text.push_str(&beginning(self.format));
        }
        for row in &rows {
            let exported = Exported::from(row);
            match self.format {
                Format::Csv => text.push_str(&csv_line(&exported, &row.detail)),
                Format::Json => {
                    text.push_str(if self.is_first { "\n" } else { ",\n" });
                    text.push_str(&json(&exported));
                }
            }
            self.is_first = false;
        }
        if next.is_none() && self.format == Format::Json {
            text.push_str("\n]\n");
        }
        self.next = next;
        Ok(Bytes::from(text))
    }
}

fn beginning(format: Format) -> String {
    match format {
        Format::Csv => format!("{}\r\n", COLUMNS.join(",")),
        Format::Json => String::from("["),
    }
}

impl<'a> From<&'a Logged> for Exported<'a> {
    fn from(row: &'a Logged) -> Self {
        Self {
            time: row.at.exact(),
            actor: &row.actor,
            actor_id: row.actor_id.map(|id| id.to_string()),
            actor_name: row.actor_name.as_deref(),
            action: &row.action,
            app_id: row.app.map(|id| id.to_string()),
            app_name: row.app_name.as_ref().map(crate::domain::app::name::AppName::as_str),
            detail: serde_json::from_str(&row.detail).unwrap_or_else(|_| Value::from(row.detail.as_str())),
            address: row.address.as_deref(),
            request_id: row.request_id.as_deref(),
            id: row.id.to_string(),
            chain: Chain::to_string(&row.chain),
            number: row.seq,
            hash: row.hash.to_string(),
        }
    }
}

/// A row as JSON, with nothing in it that would steer a terminal. Only texts hold such
/// characters, and there an escape means the same (RFC 8259 §7).
fn json(row: &Exported<'_>) -> String {
    let json = serde_json::to_string(row).unwrap_or_default();
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        if steers(c) {
            plain.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            plain.push(c);
        }
    }
    plain
}

/// A row as RFC 4180 has it.
fn csv_line(row: &Exported<'_>, detail: &str) -> String {
    let number = row.number.to_string();
    let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = [
        cell(&row.time),
        cell(row.actor),
        cell(&or_nothing(&row.actor_id)),
        cell(row.actor_name.unwrap_or_default()),
        cell(row.action),
        cell(&or_nothing(&row.app_id)),
        cell(row.app_name.unwrap_or_default()),
        cell(detail),
        cell(row.address.unwrap_or_default()),
        cell(row.request_id.unwrap_or_default()),
        cell(&row.id),
        cell(&row.chain),
        cell(&number),
        cell(&row.hash),
    ];
    format!("{}\r\n", cells.join(","))
}

/// A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before
/// it. So does what stands behind a semicolon, by which spreadsheets of half of Europe part a
/// line. Line ends and tabs are written out, so that none stands at a beginning either.
fn cell(text: &str) -> String {
    let parts: Vec<_> = visible(text).split(';').map(guarded).collect();
    format!("\"{}\"", parts.join(";").replace('"', "\"\""))
}

fn guarded(text: &str) -> String {
    let begins = text.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
    let is_formula = begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    format!("{}{text}", if is_formula { "'" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_ends_no_line() {
        for (text, written) in [
            ("", "\"\""),
            ("plain", "\"plain\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@sum(a)", "\"'@sum(a)\""),
            ("＝1", "\"'＝1\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"\\t=1\""),
            ("\r\n=1", "\"\\r\\n=1\""),
            ("a=1", "\"a=1\""),
            ("x;=1;y; +2", "\"x;'=1;y;' +2\""),
            ("x;\"=1", "\"x;'\"\"=1\""),
            ("say \"hi\", twice", "\"say \"\"hi\"\", twice\""),
            ("\u{1b}[2J", "\"\\u{1b}[2J\""),
        ] {
            assert_eq!(cell(text), written, "{text:?}");
        }
    }

    #[test]
    fn json_holds_no_character_that_steers_and_says_the_same() {
        let text = "a\u{1b}[2J\u{9b}\u{202e}\n\"ä\"";
        let row = Exported {
            time: String::new(),
            actor: "user",
            actor_id: None,
            actor_name: Some(text),
            action: "x",
            app_id: None,
            app_name: None,
            detail: Value::Null,
            address: None,
            request_id: None,
            id: String::new(),
            chain: String::new(),
            number: 1,
            hash: String::new(),
        };
        let written = json(&row);
        assert!(!written.chars().any(steers), "{written}");
        let read: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(read["actor_name"], text);
        let names: Vec<_> = written.matches("\":").collect();
        assert_eq!(names.len(), COLUMNS.len());
    }
}
