//! Every page with sample content: ordinary, long, refused.

mod accounts;
mod audit;
mod chart;
mod debugger;
mod oauth;
mod people;
mod reading;

use crate::domain::fields::FieldErrors;
use crate::web::page::{AccountChoice, Chrome, Support, ViewerChrome};

pub(super) use self::reading::examples;

const LONG: &str =
    "Gesellschaft für fortgeschrittene Quartalsabschlussberichterstattung und Co. Kommanditgesellschaft";

pub(super) fn all() -> Vec<(&'static str, String)> {
    let people =
        [people::doors(), people::links(), people::own(), accounts::pages(), oauth::pages()].concat();
    [people, audit::pages(), debugger::pages(), chart::pages(), reading::errors(), reading::docs()].concat()
}

pub(super) fn signed_out() -> Chrome {
    Chrome {
        platform: "Northgate".into(),
        support: Some(Support::from_setting("developers@northgate.example")),
        csrf: "c5rf".into(),
        ..Chrome::default()
    }
}

pub(super) fn signed_in() -> Chrome {
    let accounts = vec![
        AccountChoice::new("acc_01kb7q2m9vx4t8", "Meridian Labs").current(),
        AccountChoice::new("acc_01kb7q2m9vx4t9", "Harbour Clinic"),
        AccountChoice::new("acc_01kb7q2m9vx4tx", LONG),
    ];
    let viewer = ViewerChrome::new("Ada Osei", "ada@meridian.example", accounts);
    Chrome { viewer: Some(viewer), can_build: true, ..signed_out() }
}

fn refused(fields: &[(&'static str, &str)]) -> FieldErrors {
    let mut errors = FieldErrors::default();
    for (field, sentence) in fields {
        errors.add(*field, *sentence);
    }
    errors
}
