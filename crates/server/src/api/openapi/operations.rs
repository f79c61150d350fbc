//! The 27 operations, one for each row of [`INTERFACES`].
//!
//! [`INTERFACES`]: rims_protocol::interface::INTERFACES

use rims_protocol::interface::{Family, Interface, Keys, Method};
use rims_protocol::{ApiError, SecretKey};
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::Object;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Content, ContentBuilder, ObjectBuilder, OneOfBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder,
    Schema, Type,
};

use super::answers::{ERROR, alternatives};
use super::member::Member;
use super::members::sent;
use super::names::{Told, component_prefix, operation_id, tag_of, told};
use super::requests::request_name;
use super::samples;
use super::shared::{self, JSON};
use super::text::{both, section};

/// The path's one operation.
pub(super) fn path_item(interface: &Interface) -> PathItem {
    let method = match interface.method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
    };
    PathItem::new(method, operation(interface))
}

fn operation(interface: &Interface) -> Operation {
    let family = interface.family;
    let Told { english, description } = told(family);
    let described = OperationBuilder::new()
        .tag(tag_of(family))
        .operation_id(Some(operation_id(family)))
        .summary(Some(both(interface.korean, english)))
        .description(Some(format!("{description}\n\n{}", who_may(interface))))
        .extensions(Some(ExtensionsBuilder::new().add("x-rims", facts(interface)).build()));
    let secured = described.security(SecurityRequirement::new(security(family), Vec::<String>::new()));
    let asked = with_parameters(secured, family).request_body(body(interface));
    with_responses(asked, interface).build()
}

/// §3.5.1's second 구분, in words.
fn who_may(interface: &Interface) -> String {
    let keys = match interface.keys {
        Keys::DevelopmentAndOperations => both("개발키와 운영키", "Development and operations keys."),
        Keys::OperationsOnly => {
            both("운영키만: 개발키는 -100", "Operations keys only: a development key gets -100.")
        }
    };
    format!("{} · {keys}", section(interface.section))
}

/// The same for programs.
fn facts(interface: &Interface) -> Value {
    let keys: &[&str] = match interface.keys {
        Keys::DevelopmentAndOperations => &["development", "operations"],
        Keys::OperationsOnly => &["operations"],
    };
    json!({ "keys": keys, "section": interface.section })
}

fn security(family: Family) -> &'static str {
    match family {
        Family::Token => shared::AUTH_KEY,
        _ => shared::TOKEN,
    }
}

/// Whether the interface records something, so that a request may be sent again under a key (docs/idempotency.md).
fn takes_a_key(family: Family) -> bool {
    matches!(
        family,
        Family::Single(_) | Family::Batch(_) | Family::RentalConfirm | Family::Schedule | Family::Number(_)
    )
}

fn with_parameters(operation: OperationBuilder, family: Family) -> OperationBuilder {
    match family {
        Family::Token => operation.parameter(query(sent::GRANT_TYPE)),
        Family::User => operation.parameter(query(sent::USER_ID)).parameter(query(sent::BUSINESS_NUMBER)),
        Family::Single(_) | Family::Batch(_) => operation
            .parameter_ref(shared::idempotency_key_ref())
            .parameter_ref(shared::recheck_reference_ref()),
        family if takes_a_key(family) => operation.parameter_ref(shared::idempotency_key_ref()),
        _ => operation,
    }
}

fn query(member: Member) -> Parameter {
    ParameterBuilder::new()
        .name(member.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::True)
        .description(Some(member.description()))
        .schema(Some(member.schema()))
        .build()
}

/// What is posted: the sealed request (§3.1).
fn body(interface: &Interface) -> Option<RequestBody> {
    let plaintext = samples::request(interface.family)?;
    let name = request_name(&component_prefix(interface.family));
    let sealed = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("encryptedData", encrypted_data(&name))
        .required("encryptedData");
    let secret = SecretKey::new(samples::SECRET_KEY);
    let example = json!({ "encryptedData": secret.seal(plaintext.to_string().as_bytes()) });
    let content = ContentBuilder::new().schema(Some(sealed)).example(Some(example)).build();
    let text = both("암호화한 요청 (§3.1)", "The sealed request.");
    let body = RequestBodyBuilder::new().description(Some(text)).required(Some(Required::True));
    Some(body.content(JSON, content).build())
}

fn encrypted_data(plaintext: &str) -> Object {
    let text = both(
        "요청 JSON을 AES-256-ECB(PKCS#5/7 패딩)로 암호화하고 Base64로 인코딩한 것. 키는 Secret Key의 UTF-8 바이트를 32바이트로 \
         자르거나 0으로 채운 것이다. `contentSchema`는 복호화한 뒤의 것이다 (§3.2)",
        "The request's JSON, encrypted with AES-256-ECB and PKCS#7 padding, in Base64. The key is the Secret Key's UTF-8 \
         bytes, cut or zero-padded to 32. `contentSchema` is what decryption gives.",
    );
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(text))
        .content_encoding("base64")
        .content_media_type(JSON)
        .content_schema(Some(Ref::from_schema_name(plaintext)))
        .build()
}

fn with_responses(operation: OperationBuilder, interface: &Interface) -> OperationBuilder {
    let token = shared::WITH_TOKEN.into_iter().filter(|_| interface.family != Family::Token);
    let body = shared::WITH_BODY.into_iter().filter(|_| interface.method == Method::Post);
    token
        .chain(body)
        .chain(shared::ALWAYS)
        .fold(operation.response("200", answered(interface.family)), |operation, (status, component)| {
            operation.response(status, Ref::from_response_name(component))
        })
}

/// HTTP 200: an answer, or an error of table 5.1 (§4.7).
fn answered(family: Family) -> ResponseBuilder {
    let text = match family {
        Family::Token => both(
            "토큰은 `Authorization` 헤더에 있고 본문은 비어 있다. 오류이면 본문이 있다",
            "The token is in the header `Authorization`, the body is empty; an error has a body.",
        ),
        _ => both("답 또는 오류", "An answer or an error."),
    };
    let response = shared::response(text).content(JSON, content(family));
    match family {
        Family::Token => {
            let response = shared::with_header(response, "Authorization", "Token");
            let response = shared::with_header(response, "Idempotency-Supported", "IdempotencySupported");
            shared::with_header(response, "Cache-Control", "NoStore")
        }
        family if takes_a_key(family) => {
            shared::with_header(response, "Idempotency-Replayed", "IdempotencyReplayed")
        }
        _ => response,
    }
}

fn content(family: Family) -> Content {
    let answers = alternatives(&component_prefix(family), family);
    let examples = answers.iter().map(|answer| (answer.name.clone(), answer.example.clone()));
    let error = match family {
        Family::Token => ApiError::ClientAuthentication,
        _ => ApiError::NotFoundApi,
    };
    let examples = examples.chain([(ERROR.to_owned(), Some(samples::error_body(&error)))]);
    let examples = examples.map(|(name, example)| (name, ExampleBuilder::new().value(example).build()));
    let names = answers.iter().map(|answer| answer.name.as_str());
    let schema: RefOr<Schema> = match family {
        Family::Token => Ref::from_schema_name(ERROR).into(),
        _ => names
            .chain([ERROR])
            .fold(OneOfBuilder::new(), |one_of, name| one_of.item(Ref::from_schema_name(name)))
            .into(),
    };
    ContentBuilder::new().schema(Some(schema)).examples_from_iter(examples).build()
}
