//! No post is taken without the value of its own form (S18)

use reqwest::Method;

use super::{TABLE, cast, csrf};
use crate::support::databases::{Kind, on_both};

on_both!(no_post_is_taken_without_its_forms_own_value);

async fn no_post_is_taken_without_its_forms_own_value(kind: Kind) {
    let cast = cast(kind).await;
    let owner = cast.portal.signed_in(&cast.owner).await;
    let admin = cast.portal.signed_in(&cast.admin).await;
    let (owners, admins) = (csrf(&owner).await, csrf(&admin).await);
    let others = csrf(&cast.portal.signed_in(&cast.stranger).await).await;
    let mut taken = Vec::new();
    for (_, path, _) in TABLE.iter().filter(|(method, ..)| *method == "POST") {
        let (client, own) = if path.starts_with("/admin") { (&admin, &admins) } else { (&owner, &owners) };
        let path = cast.path(path);
        let multipart = path.ends_with("/information");
        let post = |csrf: Option<&str>| {
            let request = client.request(Method::POST, &path);
            match (multipart, csrf) {
                (true, Some(csrf)) => {
                    request.multipart(reqwest::multipart::Form::new().text("csrf", csrf.to_owned()))
                }
                (true, None) => request.multipart(reqwest::multipart::Form::new().text("name", "x")),
                (false, Some(csrf)) => request.form(&[("csrf", csrf)]),
                (false, None) => request.form(&[("name", "x")]),
            }
        };
        let forged = [
            ("no value", post(None)),
            ("an empty value", post(Some(""))),
            ("another session's value", post(Some(&others))),
            ("a cross-site request", post(Some(own)).header("sec-fetch-site", "cross-site")),
            ("a foreign origin", post(Some(own)).header("origin", "https://evil.example")),
            ("no origin to speak of", post(Some(own)).header("origin", "null")),
            (
                "JSON as plain text",
                client
                    .request(Method::POST, &path)
                    .header("content-type", "text/plain")
                    .body("{\"csrf\":\"\"}"),
            ),
        ];
        for (what, request) in forged {
            let page = client.send(request).await;
            if page.status != 403 {
                taken.push(format!("{path} with {what}: {}", page.status));
            }
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
}
