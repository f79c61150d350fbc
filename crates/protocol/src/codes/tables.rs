use std::fmt::Display;

use super::{
    AccountStatus, ApiType, Approval, FACE_LIVENESS_LEVELS, FACE_SIMILARITY_LEVELS, FaceLevel,
    KnownProcessing, LicenceClass, LicenceStatus, PhotoCheck, REGIONS, Recurrence, ResponseCode, SearchType,
};

/// One row of a code table, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// The code as it is sent.
    pub code: String,
    /// The specification's text.
    pub korean: String,
    /// The same in English.
    pub english: String,
}

impl CodeRow {
    /// A row of the given code and texts.
    pub fn new(code: impl Display, korean: impl Into<String>, english: impl Into<String>) -> Self {
        Self { code: code.to_string(), korean: korean.into(), english: english.into() }
    }
}

/// One of the thirteen tables of §5, as text: what `rims codes` prints.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CodeTable {
    /// `5.1` … `5.13`.
    pub section: &'static str,
    /// A short name for the command line.
    pub name: &'static str,
    /// The specification's title.
    pub korean: &'static str,
    /// The same in English.
    pub english: &'static str,
    /// The rows in the specification's order.
    pub rows: Vec<CodeRow>,
}

fn table(
    section: &'static str,
    name: &'static str,
    korean: &'static str,
    english: &'static str,
    rows: Vec<CodeRow>,
) -> CodeTable {
    CodeTable { section, name, korean, english, rows }
}

fn face_rows(levels: &[FaceLevel], korean: &str, english: &str) -> Vec<CodeRow> {
    levels
        .iter()
        .map(|row| {
            let rate = format!("{} / {}", row.errors, row.out_of);
            CodeRow::new(
                row.level,
                format!("{:.2}% 이상, {korean} {rate}", row.score),
                format!("{:.2} % or more, {english} {rate}", row.score),
            )
        })
        .collect()
}

/// The thirteen tables of §5 in order.
pub fn tables() -> Vec<CodeTable> {
    let regions = REGIONS.iter().map(|row| CodeRow::new(row.code, row.korean, row.english)).collect();
    vec![
        table("5.1", "errors", "공통 API 오류 응답 코드표", "API errors", ResponseCode::rows()),
        table("5.2", "licence", "면허정보 응답 코드표", "licence status", LicenceStatus::rows()),
        table("5.3", "processing", "요청처리 응답 코드표", "request processing", KnownProcessing::rows()),
        table("5.4", "classes", "면허 종별 코드표", "licence classes", LicenceClass::rows()),
        table("5.5", "regions", "지역 코드표", "regions", regions),
        table("5.6", "accounts", "계정 상태 코드표", "account states", AccountStatus::rows()),
        table("5.7", "approvals", "승인 상태 코드표", "approval states", Approval::rows()),
        table(
            "5.8",
            "liveness",
            "얼굴 활성화도 판정 기준표",
            "face liveness levels",
            face_rows(FACE_LIVENESS_LEVELS, "오거부율", "false rejects"),
        ),
        table(
            "5.9",
            "similarity",
            "얼굴 유사도 판정 기준표",
            "face similarity levels",
            face_rows(FACE_SIMILARITY_LEVELS, "타인 수락 발생률", "false accepts"),
        ),
        table("5.10", "recurrence", "반복 주기 코드", "recurrence", Recurrence::rows()),
        table("5.11", "photo", "면허 사진 검증 코드표", "licence-photo check", PhotoCheck::rows()),
        table("5.12", "api-types", "범용 API 유형 코드표", "general API types", ApiType::rows()),
        table("5.13", "search", "검색유형 코드표", "history search types", SearchType::rows()),
    ]
}
