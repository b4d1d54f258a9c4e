//! A browser without a screen: it keeps cookies, reads pages, fills in their forms and
//! sends them with what is hidden in them.

#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode, header::HeaderMap, multipart};
use scraper::{ElementRef, Html, Selector};

/// Somebody at a browser.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// A form as it stands on a page: where it posts, and what it would send untouched.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub multipart: bool,
    fields: Vec<(String, String)>,
    file: Option<(String, String, Vec<u8>)>,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "a client of tests, which talks to this machine alone")]
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client is made");
        Self { http, base: base.to_owned() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request of any kind, to be finished by the caller.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    /// A call of the API with a token.
    pub async fn get_as(&self, path: &str, token: &str) -> Page {
        self.send(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// A page that must be there.
    pub async fn visit(&self, path: &str) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "GET {path} answers {}: {}", page.status, page.text());
        page
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let response = request.send().await.expect("the server answers");
        Page {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await.expect("the answer is text"),
        }
    }

    /// Sends the form as a browser would.
    pub async fn submit(&self, form: &Form) -> Page {
        let request = self.request(Method::POST, &form.action);
        let request = if form.multipart {
            let mut body = multipart::Form::new();
            for (name, value) in &form.fields {
                body = body.text(name.clone(), value.clone());
            }
            let (name, file_name, bytes) =
                form.file.clone().unwrap_or_else(|| (String::from("icon"), String::new(), Vec::new()));
            let part = multipart::Part::bytes(bytes).file_name(file_name);
            request.multipart(body.part(name, part))
        } else {
            request.form(&form.fields)
        };
        self.send(request).await
    }

    /// Opens a page, fills in the form that posts to `action`, and sends it.
    pub async fn fill(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let form = fields
            .iter()
            .fold(self.visit(path).await.form(action), |form, (name, value)| form.with(name, value));
        self.submit(&form).await
    }

    /// Follows a redirect to a page of this site.
    pub async fn follow(&self, page: &Page) -> Page {
        let location = page.location();
        let path = location.strip_prefix(&self.base).unwrap_or(&location).to_owned();
        self.visit(&path).await
    }
}

impl Page {
    pub fn location(&self) -> String {
        assert_eq!(self.status, 303, "a redirect, not {}: {}", self.status, self.text());
        self.header("location").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text")).unwrap_or_default()
    }

    pub fn html(&self) -> Html {
        Html::parse_document(&self.body)
    }

    /// The texts of every element that fits, white space folded.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let selector = Selector::parse(css).expect("a selector");
        self.html().select(&selector).map(words).collect()
    }

    /// The words of the page as a person reads them.
    pub fn text(&self) -> String {
        self.texts("body").join(" ")
    }

    pub fn says(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    pub fn title(&self) -> String {
        self.texts("title").join(" ")
    }

    pub fn has(&self, css: &str) -> bool {
        !self.texts(css).is_empty()
    }

    /// An attribute of the first element that fits.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let selector = Selector::parse(css).expect("a selector");
        self.html().select(&selector).next()?.value().attr(name).map(str::to_owned)
    }

    /// The errors of the page by field, as they stand beside the fields; the summary must
    /// say the same.
    pub fn errors(&self) -> BTreeMap<String, String> {
        let selector = Selector::parse("p.error[id]").expect("a selector");
        let beside = |error: ElementRef<'_>| {
            let field = error.value().id().and_then(|id| id.strip_suffix("-error")).unwrap_or_default();
            (field.to_owned(), words(error).trim_start_matches("Error: ").to_owned())
        };
        let errors: BTreeMap<String, String> = self.html().select(&selector).map(beside).collect();
        let mut summary = self.texts(".errors li");
        let mut sentences: Vec<String> = errors.values().cloned().collect();
        summary.sort();
        sentences.sort();
        assert_eq!(summary, sentences, "the summary says what stands beside the fields");
        assert!(
            errors.is_empty() || self.title().starts_with("Error: "),
            "the title says so: {}",
            self.title()
        );
        errors
    }

    /// The form that posts to this path.
    pub fn form(&self, action: &str) -> Form {
        let html = self.html();
        let selector = Selector::parse("form[method=post]").expect("a selector");
        let fits = |form: &ElementRef<'_>| {
            form.value().attr("action").is_some_and(|to| to.split('#').next() == Some(action))
        };
        let form = html.select(&selector).find(fits);
        let form = form.unwrap_or_else(|| panic!("no form posts to {action} on: {}", self.text()));
        Form {
            action: action.to_owned(),
            multipart: form.value().attr("enctype") == Some("multipart/form-data"),
            fields: fields(form),
            file: None,
        }
    }
}

impl Form {
    /// With another value in a field; all values of one name give way.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With one value more of a name.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    #[must_use]
    pub fn file(mut self, name: &str, file_name: &str, bytes: &[u8]) -> Self {
        self.file = Some((name.to_owned(), file_name.to_owned(), bytes.to_vec()));
        self
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}

fn words(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a browser would send of a form in which nothing was touched.
fn fields(form: ElementRef<'_>) -> Vec<(String, String)> {
    let selector = Selector::parse("input[name], textarea[name], select[name]").expect("a selector");
    let option = Selector::parse("option").expect("a selector");
    let mut fields = Vec::new();
    for control in form.select(&selector) {
        let element = control.value();
        let name = element.attr("name").unwrap_or_default().to_owned();
        let value = element.attr("value").unwrap_or_default().to_owned();
        match (element.name(), element.attr("type").unwrap_or("text")) {
            ("textarea", _) => {
                fields.push((name, control.text().collect::<String>().trim_start_matches('\n').to_owned()))
            }
            ("select", _) => {
                let chosen = control.select(&option).find(|one| one.value().attr("selected").is_some());
                let chosen = chosen.or_else(|| control.select(&option).next());
                fields.extend(
                    chosen.map(|one| (name, one.value().attr("value").unwrap_or_default().to_owned())),
                );
            }
            (_, "checkbox" | "radio") if element.attr("checked").is_none() => {}
            (_, "checkbox" | "radio") => {
                fields.push((name, element.attr("value").unwrap_or("on").to_owned()));
            }
            (_, "file" | "submit" | "button" | "search") => {}
            _ => fields.push((name, value)),
        }
    }
    fields
}
