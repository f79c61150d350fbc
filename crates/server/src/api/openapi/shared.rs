//! What operations share: security schemes, headers, and the responses that HTTP has beside 200.

use rims_protocol::ApiError;
use rims_protocol::values::{IdempotencyKey, RecheckReference};
use serde_json::Value;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, Header, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Type,
};

use super::answers::ERROR;
use super::samples;
use super::text::both;

/// The one content type (docs/spec-decisions.md, Wire).
pub(super) const JSON: &str = "application/json";
/// The security scheme of the token interface.
pub(super) const AUTH_KEY: &str = "authKey";
/// The security scheme of every other interface.
pub(super) const TOKEN: &str = "token";
/// The request header of docs/idempotency.md, among the parameters.
const IDEMPOTENCY_KEY: &str = "IdempotencyKey";
/// The request header of docs/outages.md, among them, too.
const RECHECK_REFERENCE: &str = "RecheckReference";

/// Adds all of it to the components.
pub(super) fn add_to(components: ComponentsBuilder) -> ComponentsBuilder {
    let components = headers()
        .into_iter()
        .fold(components, |components, (name, text, example)| components.header(name, header(text, example)));
    components
        .parameter(IDEMPOTENCY_KEY, idempotency_key())
        .parameter(RECHECK_REFERENCE, recheck_reference())
        .responses_from_iter(responses())
        .security_scheme(AUTH_KEY, auth_key())
        .security_scheme(TOKEN, token())
}

/// Every response has an id (docs/logging.md).
pub(super) fn response(description: String) -> ResponseBuilder {
    with_header(ResponseBuilder::new().description(description), "X-Request-Id", "RequestId")
}

/// A header that stands among the components.
pub(super) fn with_header(response: ResponseBuilder, name: &str, component: &str) -> ResponseBuilder {
    response.header_ref(name, Ref::new(format!("#/components/headers/{component}")))
}

/// The parameter of the interfaces that record something once.
pub(super) fn idempotency_key_ref() -> Ref {
    Ref::new(format!("#/components/parameters/{IDEMPOTENCY_KEY}"))
}

/// The responses that an interface with a token has beside 200.
pub(super) const WITH_TOKEN: [(&str, &str); 1] = [("401", "TokenRefused")];
/// The responses that an interface with a body has beside these.
pub(super) const WITH_BODY: [(&str, &str); 3] =
    [("408", "TimedOut"), ("413", "TooLarge"), ("503", "Overloaded")];
/// The responses that every interface has beside these.
pub(super) const ALWAYS: [(&str, &str); 2] = [("429", "TooManyRequests"), ("500", "Crashed")];

/// The parameter of the verifications.
pub(super) fn recheck_reference_ref() -> Ref {
    Ref::new(format!("#/components/parameters/{RECHECK_REFERENCE}"))
}

fn headers() -> [(&'static str, String, &'static str); 7] {
    [
        (
            "RequestId",
            both("요청의 번호. 로그에도 있다", "The request's id, as it stands in the log."),
            "d50460c3a07357921b8f0e6c94a25d13",
        ),
        (
            "Token",
            both(
                "발급된 토큰. 오류이면 없다 (§4.1.1.2)",
                "The token: `Bearer` and a UUID. Absent from an error.",
            ),
            "Bearer e03ee90d-83b8-4b1d-ae80-84e3d2a27000",
        ),
        (
            "IdempotencySupported",
            both(
                "`Idempotency-Key`를 아는 서버이다 (docs/idempotency.md)",
                "This server knows `Idempotency-Key` (docs/idempotency.md).",
            ),
            "true",
        ),
        ("NoStore", both("토큰은 저장하지 않는다", "A token is not to be kept by caches."), "no-store"),
        (
            "Challenge",
            both("토큰이 유효하지 않다", "The token does not hold."),
            r#"Bearer error="invalid_token""#,
        ),
        ("RetryAfter", both("다시 보내기 전에 기다릴 초", "Seconds to wait before the next request."), "1"),
        (
            "IdempotencyReplayed",
            both(
                "같은 키의 첫 답을 다시 보낼 때만 있다",
                "Only where the first answer under the key is sent again.",
            ),
            "true",
        ),
    ]
}

fn header(description: String, example: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]);
    HeaderBuilder::new().schema(Some(text)).description(Some(description)).build()
}

fn idempotency_key() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]+$"))
        .examples(["5f0c2a3e-0b52-4f0c-9c3b-5f6a2f2c9d11"]);
    let text = both(
        "규약 밖의 기능: 같은 키와 같은 요청은 24시간 동안 한 번만 기록되고 같은 답을 받는다",
        "Beyond the specification: under the same key the same request is recorded once and gets the same answer for \
         24 hours. Another request under it is -160.",
    );
    optional_header(IdempotencyKey::HEADER, text, key)
}

fn recheck_reference() -> Parameter {
    let reference = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(64))
        .pattern(Some("^[0-9A-Za-z_-]+$"))
        .examples(["order-20261123-0815"]);
    let text = both(
        "규약 밖의 기능: KOROAD가 답하지 않으면 나중에 다시 확인하여 웹훅으로 알린다 (docs/outages.md)",
        "Beyond the specification: where KOROAD does not answer, the check is made again later and the company told by \
         its webhook.",
    );
    optional_header(RecheckReference::HEADER, text, reference)
}

fn optional_header(name: &str, text: String, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(text))
        .schema(Some(schema))
        .build()
}

fn responses() -> [(&'static str, Response); 6] {
    let challenge = with_header(
        response(both("토큰이 유효하지 않다 (§4.1.2.3)", "The token does not hold."))
            .content(JSON, error_content(&ApiError::ClientAuthentication)),
        "WWW-Authenticate",
        "Challenge",
    );
    let wait = response(both("키의 호출 한도를 넘었다", "The key's rate limit is used up."));
    let busy = response(both("서버가 바쁘다", "Too many requests are under way."));
    let crash = response(both("서버 내부 오류", "A crash inside the server."));
    [
        ("TokenRefused", challenge.build()),
        ("TimedOut", response(both("본문이 제때 오지 않았다", "The body did not arrive in time.")).build()),
        ("TooLarge", response(both("본문이 1 MiB를 넘는다", "The body is longer than 1 MiB.")).build()),
        ("TooManyRequests", with_header(wait, "Retry-After", "RetryAfter").build()),
        ("Overloaded", with_header(busy, "Retry-After", "RetryAfter").build()),
        ("Crashed", crash.content(JSON, error_content(&ApiError::Database)).build()),
    ]
}

fn error_content(error: &ApiError) -> Content {
    let error_body: Value = samples::error_body(error);
    ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR))).example(Some(error_body)).build()
}

fn auth_key() -> RefOr<SecurityScheme> {
    let text = both(
        "`Basic`과 Base64로 인코딩한 인증키. 사용자 이름과 콜론(:)은 없다 (§4.1.1.2)",
        "`Basic` and the auth key in Base64: the key alone, without a user name and without a colon.",
    );
    let mut http = Http::new(HttpAuthScheme::Basic);
    http.description = Some(text);
    SecurityScheme::Http(http).into()
}

fn token() -> RefOr<SecurityScheme> {
    let text = both(
        "토큰 발급의 응답 헤더로 받은 토큰. 유효 기간은 3시간 (§2.2)",
        "The token of the token interface's response header; it holds for three hours.",
    );
    let mut http = Http::new(HttpAuthScheme::Bearer);
    http.bearer_format = Some("UUID".to_owned());
    http.description = Some(text);
    SecurityScheme::Http(http).into()
}
