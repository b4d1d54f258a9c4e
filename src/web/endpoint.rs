//! One URL and what it does under each method. Other methods are answered with 405 and what
//! is allowed instead, and a handler that panics with 500: as a page, or as a problem.

use actix_web::{
    FromRequest, Handler, HttpResponse, Responder, ResponseError, Route,
    dev::{AppService, HttpServiceFactory},
    guard,
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::from_fn,
    web::{resource, route, to},
};

use super::{
    api::problem, error::PageError, extract::console::InConsole, middleware::panics, pages::errors::Refused,
};

/// A URL of the table in `routes.rs`.
pub(super) struct Endpoint {
    path: &'static str,
    kind: Kind,
    routes: Vec<Route>,
    /// The methods of `routes`, as `Allow` lists them (RFC 9110 §10.2.1).
    allow: Vec<&'static str>,
}

/// Who reads its refusals.
#[derive(Clone, Copy)]
enum Kind {
    /// A person at a browser.
    Site,
    /// An admin; nobody else is told that there is anything.
    Console,
    /// A program.
    Api,
}

impl Endpoint {
    /// Refuses with a page.
    pub(super) const fn site(path: &'static str) -> Self {
        Self { path, kind: Kind::Site, routes: Vec::new(), allow: Vec::new() }
    }

    /// Refuses admins with a page, and everybody else as if there were none.
    pub(super) const fn console(path: &'static str) -> Self {
        Self { path, kind: Kind::Console, routes: Vec::new(), allow: Vec::new() }
    }

    /// Refuses with a problem (RFC 9457).
    pub(super) const fn api(path: &'static str) -> Self {
        Self { path, kind: Kind::Api, routes: Vec::new(), allow: Vec::new() }
    }

    /// GET, and HEAD, which is the same without a body (RFC 9110 §9.3.2).
    pub(super) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let either = guard::Any(guard::Get()).or(guard::Head());
        self.with(route().guard(either).to(handler), &["GET", "HEAD"])
    }

    pub(super) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with(route().method(Method::POST).to(handler), &["POST"])
    }

    pub(super) fn options<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.with(route().method(Method::OPTIONS).to(handler), &["OPTIONS"])
    }

    fn with(mut self, route: Route, methods: &[&'static str]) -> Self {
        self.routes.push(route);
        self.allow.extend(methods);
        self
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let allow = self.allow.join(", ");
        let mut here = resource(self.path);
        for route in self.routes {
            here = here.route(route);
        }
        match self.kind {
            Kind::Console => here
                .default_service(to(move |_: InConsole| {
                    std::future::ready(not_allowed(Kind::Console, &allow))
                }))
                .wrap(from_fn(panics::to_page))
                .register(config),
            Kind::Site => here
                .default_service(to(move || std::future::ready(not_allowed(Kind::Site, &allow))))
                .wrap(from_fn(panics::to_page))
                .register(config),
            Kind::Api => here
                .default_service(to(move || std::future::ready(not_allowed(Kind::Api, &allow))))
                .wrap(from_fn(panics::to_problem))
                .register(config),
        }
    }
}

fn not_allowed(kind: Kind, allow: &str) -> HttpResponse {
    let mut response = match kind {
        Kind::Site | Kind::Console => PageError::Refused(Refused::MethodNotAllowed).error_response(),
        Kind::Api => problem::method_not_allowed(allow),
    };
    // The names of methods are always a well-formed header.
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
