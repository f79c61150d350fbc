//! What the tests of the requests share.

use std::fmt::Debug;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ApiError;
use crate::json::Members;

pub(super) fn members(value: Value) -> Members {
    serde_json::from_value(value).unwrap()
}

/// The request with another value for a member.
pub(super) fn with(mut request: Value, name: &str, value: Value) -> Value {
    request[name] = value;
    request
}

/// The member an error names, with its code.
pub(super) fn fault<T: Debug>(result: Result<T, ApiError>) -> (i32, String) {
    let error = result.unwrap_err();
    let field = match &error {
        ApiError::InvalidParameter { field, .. } | ApiError::MissingParameter { field } => field.clone(),
        _ => String::new(),
    };
    (error.code().code(), field)
}

/// Of several missing members the first of the table answers, before any malformed one.
pub(super) fn missing_in_order<T: Debug>(
    sample: Value,
    order: &[&str],
    read: impl Fn(Value) -> Result<T, ApiError>,
) {
    let mut request = with(sample, "bizinfo", json!(7));
    for name in order.iter().rev() {
        request = with(request, name, json!(" "));
        assert_eq!(fault(read(request.clone())), (-170, (*name).to_owned()));
    }
}

/// The request with some of its members sent otherwise.
pub(super) fn changed(sample: Value) -> impl Strategy<Value = Value> {
    let names: Vec<String> = sample.as_object().unwrap().keys().cloned().collect();
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u32..3000).prop_map(Value::from),
        "\\PC{0,18}".prop_map(Value::from),
        "[0-9]{0,12}".prop_map(Value::from),
        "202[45](0[1-9]|1[0-2])[0-3][0-9]".prop_map(Value::from),
        "[RPVDCSX]2[0-9]-0000[0-9]{5}".prop_map(Value::from),
    ];
    prop::collection::vec((prop::sample::select(names), value), 0..4).prop_map(move |changes| {
        changes.into_iter().fold(sample.clone(), |request, (name, value)| with(request, &name, value))
    })
}
