//! The OpenAPI document as a judge: [`crate::harness::Client`] brings it the requests of the tests and their answers.
//! What the server takes must be valid there, and whatever it answers.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use rims_protocol::interface::{INTERFACES, Interface, Method};
use rims_server::api::openapi::document;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

/// The document as it is built: its members stand in their order.
pub(crate) static BUILT: LazyLock<OpenApi> = LazyLock::new(document);

/// The document as it would be read.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(&*BUILT).unwrap());

/// What the document says of one interface.
pub(crate) struct Schemas {
    /// The decrypted request.
    request: Validator,
    /// What may be answered, by the names of the components.
    answers: Vec<(String, Validator)>,
}

/// The schemas of a POST interface; none of a path that is no such interface.
pub(crate) fn schemas(path: &str) -> Option<Arc<Schemas>> {
    static KNOWN: LazyLock<Mutex<HashMap<&'static str, Arc<Schemas>>>> = LazyLock::new(Mutex::default);
    let interface = Interface::by_path(path).filter(|interface| interface.method == Method::Post)?;
    let mut known = KNOWN.lock().unwrap();
    Some(Arc::clone(known.entry(interface.path).or_insert_with(|| Arc::new(Schemas::of(interface)))))
}

/// Refuses an answer that the document does not know, and a request that it does not although the server took it.
pub(crate) fn check(path: &str, plaintext: &Value, answer: &Value) {
    /// What the server says of a request that is none (§5.1).
    const NOT_TAKEN: [i64; 8] = [-100, -160, -170, -180, -190, -200, -230, -260];
    let Some(schemas) = schemas(path) else { return };
    schemas.answer(answer);
    let code = answer["respCode"].as_i64();
    if !code.is_some_and(|code| NOT_TAKEN.contains(&code)) {
        schemas.check_request(plaintext);
    }
}

impl Schemas {
    fn of(interface: &Interface) -> Self {
        let operation = operation(interface);
        let body = content(&operation["requestBody"]);
        let request = &body["schema"]["properties"]["encryptedData"]["contentSchema"];
        let answers = content(&operation["responses"]["200"])["schema"]["oneOf"].as_array().unwrap();
        let answers = answers.iter().map(|answer| (component(answer).to_owned(), strict(answer)));
        Self { request: validator(request), answers: answers.collect() }
    }

    /// Whether the decrypted request is valid.
    pub(crate) fn takes(&self, plaintext: &Value) -> bool {
        self.request.is_valid(plaintext)
    }

    /// Fails unless the decrypted request is valid.
    pub(crate) fn check_request(&self, plaintext: &Value) {
        let errors: Vec<String> =
            self.request.iter_errors(plaintext).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{plaintext}: {errors:?}");
    }

    /// The name of the one schema that the answer is valid by.
    pub(crate) fn answer(&self, answer: &Value) -> &str {
        let valid = self.answers.iter().filter(|(_, schema)| schema.is_valid(answer));
        let names: Vec<&str> = valid.map(|(name, _)| name.as_str()).collect();
        let [name] = names.as_slice() else { panic!("{answer} is valid by {names:?}") };
        name
    }
}

/// The operation of an interface.
pub(crate) fn operation(interface: &Interface) -> &'static Value {
    &DOCUMENT["paths"][interface.path][interface.method.as_str().to_lowercase()]
}

/// The JSON content of a request or a response.
pub(crate) fn content(of: &Value) -> &Value {
    &of["content"]["application/json"]
}

/// The name of the component that a reference leads to.
pub(crate) fn component(reference: &Value) -> &str {
    reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap()
}

/// A validator of a schema of the document.
pub(crate) fn validator(schema: &Value) -> Validator {
    within(schema, &DOCUMENT["components"])
}

/// The same, but for members that the document does not name: it leaves room for those of later versions.
pub(crate) fn strict(schema: &Value) -> Validator {
    let mut components = DOCUMENT["components"].clone();
    close(&mut components);
    within(schema, &components)
}

fn within(schema: &Value, components: &Value) -> Validator {
    let root = json!({ "allOf": [schema], "components": components });
    jsonschema::validator_for(&root).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// The interfaces with an encrypted request.
pub(crate) fn posts() -> impl Iterator<Item = &'static Interface> {
    INTERFACES.iter().filter(|interface| interface.method == Method::Post)
}

/// The specification's sample of an interface's decrypted request.
pub(crate) fn sample(interface: &Interface) -> Value {
    let body = content(&operation(interface)["requestBody"]);
    let name = component(&body["schema"]["properties"]["encryptedData"]["contentSchema"]);
    DOCUMENT["components"]["schemas"][name]["examples"][0].clone()
}
