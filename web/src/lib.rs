//! The library behind a web page: requests and answers are JSON texts in the memory of the module, which needs nothing from
//! outside. `web/page/engine.js` is the other side.

mod answers;
mod dataset;
mod descent;
mod method;
mod models;
mod words;

use serde::Deserialize;
use serde_json::Value;

/// What can be asked for.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Request {
    Law(models::Model),
    Evaluate(answers::Evaluate),
    Curve(descent::Descent),
    Runs(descent::Descent),
    Sample(models::Sample),
    Map(descent::Map),
    Stability(descent::Stability),
    Critical(models::Model),
    Polynomial(words::Words),
    Data(dataset::Data),
}

/// The answer to a request: `{"ok": ...}`, or `{"error": text}`.
pub fn answer(text: &str) -> String {
    let answered =
        serde_json::from_str(text).map_err(|error| format!("request: {error}")).and_then(|request| {
            let answered: freespectra::Result<Value> = match request {
                Request::Law(model) => model.law(),
                Request::Evaluate(evaluate) => evaluate.answer(),
                Request::Curve(descent) => descent.curve(),
                Request::Runs(descent) => descent.runs(),
                Request::Sample(sample) => sample.answer(),
                Request::Map(map) => map.answer(),
                Request::Stability(stability) => stability.answer(),
                Request::Critical(model) => model.critical(),
                Request::Polynomial(words) => words.answer(),
                Request::Data(data) => data.answer(),
            };
            answered.map_err(|error| error.to_string())
        });
    match answered {
        Ok(value) => serde_json::json!({ "ok": value }),
        Err(error) => serde_json::json!({ "error": error }),
    }
    .to_string()
}

/// The functions of the module: a text is written to `request(length)`, `run(length)` answers it, and the answer is at
/// `answer_at()`, `answer_length()` bytes long.
#[cfg(target_arch = "wasm32")]
mod exports {
    use std::cell::RefCell;

    thread_local! {
        static REQUEST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    #[unsafe(no_mangle)]
    extern "C" fn request(length: usize) -> *mut u8 {
        REQUEST.with_borrow_mut(|request| {
            request.resize(length, 0);
            request.as_mut_ptr()
        })
    }

    #[unsafe(no_mangle)]
    extern "C" fn run(length: usize) {
        let text = REQUEST.with_borrow(|request| String::from_utf8_lossy(&request[..length]).into_owned());
        let answer = super::answer(&text).into_bytes();
        ANSWER.set(answer);
    }

    #[unsafe(no_mangle)]
    extern "C" fn answer_at() -> *const u8 {
        ANSWER.with_borrow(|answer| answer.as_ptr())
    }

    #[unsafe(no_mangle)]
    extern "C" fn answer_length() -> usize {
        ANSWER.with_borrow(Vec::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(request: Value) -> Value {
        serde_json::from_str(&answer(&request.to_string())).unwrap()
    }

    #[test]
    fn a_law_and_its_values() {
        let model = serde_json::json!({ "kind": "law", "batches": 2, "step_size": 0.4, "aspect_ratio": 0.5, "population": [[1.0, 1.0]] });
        let law = &ask(model)["ok"];
        let values =
            ask(serde_json::json!({ "kind": "evaluate", "law": law["law"], "what": "density", "at": [0.7] }));
        // A reference number of an independent implementation.
        assert!((values["ok"][0].as_f64().unwrap() - 0.645_323_292_146_4).abs() < 1e-10);
        assert_eq!(law["support"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn errors_are_texts() {
        for (request, part) in [
            (serde_json::json!({ "kind": "law", "batches": 0 }), "batches"),
            (serde_json::json!({ "kind": "law", "aspect_ratio": -1 }), "aspect_ratio"),
            (
                serde_json::json!({ "kind": "polynomial", "text": "x*y", "laws": { "x": "semicircle:1", "y": "mp:0.5" } }),
                "adjoint",
            ),
            (
                serde_json::json!({ "kind": "polynomial", "text": "x", "laws": { "x": "triangle:1" } }),
                "triangle",
            ),
            (serde_json::json!({ "kind": "data", "csv": "a,b\n1,2\n3,x\n" }), "line 3"),
            (serde_json::json!({ "kind": "tea" }), "tea"),
        ] {
            let error = ask(request)["error"].as_str().unwrap().to_owned();
            assert!(error.contains(part), "{error}");
        }
    }
}
