//! The OpenAPI 3.1 document of the 27 interfaces, with the decrypted bodies as schemas.
//!
//! It is built from the tables the server runs on: [`INTERFACES`], the sectors' rules and the code tables. What only
//! a reader of the document needs is here: what members and interfaces mean, in Korean and English, and the
//! specification's samples. `docs/openapi.json` is what `cargo run -p rims-server --example openapi` prints.
//!
//! | module | what |
//! |---|---|
//! | `members` | every member of §4's tables, described once |
//! | `member` | what a value may be, as a JSON Schema |
//! | `codes` | the code tables as schemas |
//! | `requests`, `answers` | which members stand in which table |
//! | `samples` | the specification's samples |
//! | `names`, `operations`, `shared` | the operations, their texts, and what they share |

mod answers;
mod codes;
mod member;
mod members;
mod names;
mod operations;
mod requests;
mod samples;
mod shared;
mod text;

use rims_protocol::Sector;
use rims_protocol::interface::INTERFACES;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{Components, ComponentsBuilder};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{
    Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Server, ServerBuilder,
};

use text::both;

/// The document.
pub fn document() -> OpenApi {
    let paths = INTERFACES.iter().fold(PathsBuilder::new(), |paths, interface| {
        paths.path(interface.path, operations::path_item(interface))
    });
    OpenApiBuilder::new()
        .info(info())
        .servers(Some(servers()))
        .tags(Some(tags()))
        .paths(paths)
        .components(Some(components()))
        .build()
}

const KOREAN: &str = "\
운전자격확인시스템 사용자/API 서버 간 통신규약 1.6의 27개 인터페이스.

- 토큰을 받아 `Authorization: Bearer`로 보낸다.
- POST의 본문은 `{\"encryptedData\": \"…\"}`이며, 암호화하기 전의 요청은 `contentSchema`에 있다. 응답은 암호화하지 않는다.
- 오류도 HTTP 200으로 오며 `respCode`와 `errorMsg`가 있다(§4.7). 토큰이 유효하지 않을 때만 HTTP 401이다.
- 필수 항목의 누락(-170)이 형식 오류(-160)보다 먼저, 각각 표의 순서로 답이 된다.
- 선택 항목의 null과 빈 문자열은 생략과 같다. 모르는 항목은 무시한다.
- 길이는 글자 수이다. 날짜는 대한민국의 날짜이다.";

const ENGLISH: &str = "\
The 27 interfaces of the RIMS user interface specification 1.6.

- Get a token and send it as `Authorization: Bearer`.
- A POST's body is `{\"encryptedData\": \"…\"}`; the request before it is sealed is its `contentSchema`. Answers are not encrypted.
- Errors are HTTP 200, too, with `respCode` and `errorMsg` (§4.7). Only a token that does not hold is HTTP 401.
- A missing required member (-170) answers before a malformed one (-160), each in the order of the table.
- Null and blank in an optional member are the same as leaving it out. Unknown members are ignored.
- Lengths count characters. Dates are dates in Korea.";

fn info() -> Info {
    let licence = LicenseBuilder::new().name("Apache-2.0 OR MIT").identifier(Some("Apache-2.0 OR MIT"));
    InfoBuilder::new()
        .title(both("운전자격확인시스템(RIMS) 사용자 API", "RIMS user API"))
        .version("1.6")
        .description(Some(format!("{KOREAN}\n\n{ENGLISH}")))
        .license(Some(licence.build()))
        .build()
}

fn servers() -> [Server; 2] {
    [
        ("http://127.0.0.1:8114", both("샌드박스", "`rims sandbox`")),
        ("https://rims.kotsa.or.kr:8114", both("국가 시스템의 운영 환경 (§4.1.1.1)", "the national system")),
    ]
    .map(|(url, text)| ServerBuilder::new().url(url).description(Some(text)).build())
}

fn tags() -> Vec<Tag> {
    let common = (names::COMMON, both("공통", "common"));
    let sectors = Sector::ALL.iter().map(|sector| {
        let rules = sector.rules();
        (sector.name(), both(rules.korean, rules.english))
    });
    [common].into_iter().chain(sectors).map(|(name, title)| tag(name, title)).collect()
}

fn tag(name: &str, title: String) -> Tag {
    // A name that is also one in programs; viewers show the title.
    let shown = ExtensionsBuilder::new().add("x-displayName", title.as_str()).build();
    TagBuilder::new().name(name).description(Some(title)).extensions(Some(shown)).build()
}

fn components() -> Components {
    let shared = shared::add_to(ComponentsBuilder::new())
        .schemas_from_iter(codes::components())
        .schemas_from_iter(answers::parts());
    let complete = INTERFACES.iter().fold(shared, |components, interface| {
        let name = names::component_prefix(interface.family);
        let answers = answers::alternatives(&name, interface.family);
        components
            .schemas_from_iter(requests::schemas(&name, interface.family))
            .schemas_from_iter(answers.into_iter().map(|answer| (answer.name, answer.schema)))
    });
    complete.build()
}
