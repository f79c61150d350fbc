//! Why a file is not read, and the way out, in the user's language.

use std::path::Path;

use rims_spreadsheet::{Content, Problem};

use crate::language::say;
use crate::output::Failure;

/// A file that is refused.
pub(super) fn refused(path: &Path, problem: &Problem) -> Failure {
    let english = problem.to_string();
    let why = match problem {
        Problem::Unreadable(why) => why.clone(),
        Problem::Damaged(why) => {
            say!("파일이 손상되었습니다 ({why}). Excel로 열어 다시 저장하십시오", "{english}")
        }
        Problem::Is(content) => other(*content),
        Problem::Encoding => {
            say!("UTF-8, UTF-16, CP949가 아닌 글자가 있거나 글자 중간에서 파일이 끊겼습니다", "{english}")
        }
        Problem::Quote { row } => say!("{row}행: 따옴표(\")가 닫히지 않았습니다", "{english}"),
        Problem::NoSheet => say!("그런 시트가 없습니다", "{english}"),
        Problem::Encrypted => say!("암호가 걸려 있습니다. 암호 없는 .xlsx 로 저장하십시오", "{english}"),
        Problem::OldExcel => {
            say!("옛 .xls 형식입니다. Excel로 열어 .xlsx 로 저장하십시오", "{english}")
        }
        Problem::Macros => say!("매크로가 들어 있습니다. 매크로 없는 .xlsx 로 저장하십시오", "{english}"),
        Problem::Reference => say!("셀 주소가 잘못된 칸이 있습니다", "{english}"),
        bound => too_much(bound),
    };
    unreadable(path, &why)
}

/// Beyond a bound.
fn too_much(problem: &Problem) -> String {
    let english = problem.to_string();
    match problem {
        Problem::Column { cell, most } if cell.bytes().all(|digit| digit.is_ascii_digit()) => {
            say!("{cell}행: 열은 {most}개까지 쓸 수 있습니다", "row {cell}: there may be {most} columns")
        }
        Problem::Column { cell, most } => say!("{cell} 셀: 열은 {most}개까지 쓸 수 있습니다", "{english}"),
        Problem::Rows { row, most } => {
            say!("{row}행: 첫 행 아래로 {most}행까지 쓸 수 있습니다", "{english}")
        }
        Problem::RowLength { row, most } => {
            say!("{row}행: 한 행은 {most}바이트까지 쓸 수 있습니다", "{english}")
        }
        Problem::CellLength { cell, most } => {
            say!("{cell} 셀: 한 칸은 {most}자까지 쓸 수 있습니다", "{english}")
        }
        Problem::TooLarge { most } => say!("내용이 {most}바이트를 넘습니다", "{english}"),
        Problem::Ratio { most } => say!("압축을 풀면 {most}배가 넘게 커집니다", "{english}"),
        Problem::TooMany { what } => say!("읽을 수 있는 것보다 내용이 많습니다 ({what})", "{english}"),
        _ => english,
    }
}

/// A file that is something else than its name says.
fn other(content: Content) -> String {
    match content {
        Content::Empty => say!("빈 파일입니다", "the file is empty"),
        Content::Archive => say!(
            "압축 파일이거나 .csv 로 이름을 바꾼 Excel 파일입니다. Excel 파일이면 이름을 .xlsx 로 바꾸고, 아니면 Excel로 열어 .xlsx 로 저장하십시오",
            "it is an archive, or an Excel file that was named .csv; name it .xlsx if it is one, else open it in a spreadsheet and save it as .xlsx"
        ),
        Content::Compound => say!(
            "옛 Excel 파일이거나 암호가 걸린 파일입니다. Excel로 열어 암호 없는 .xlsx 로 저장하십시오",
            "it is an old Excel file or has a password; open it in a spreadsheet and save it as .xlsx without one"
        ),
        Content::Html => say!(
            "이름만 Excel인 HTML(웹 페이지) 파일입니다. Excel로 열어 .xlsx 로 저장하십시오",
            "it is a web page (HTML) by another name; open it in a spreadsheet and save it as .xlsx"
        ),
        Content::XmlSpreadsheet | Content::Xml => say!(
            "XML 파일입니다. Excel로 열어 .xlsx 로 저장하십시오",
            "it is an XML file; open it in a spreadsheet and save it as .xlsx"
        ),
        Content::Pdf => say!(
            "PDF 파일입니다. 원래의 스프레드시트를 .xlsx 로 저장하십시오",
            "it is a PDF document; save the spreadsheet that it was made from as .xlsx"
        ),
        Content::Protected => say!(
            "문서보안(DRM)으로 암호화된 파일입니다. 문서보안 프로그램에서 해제하거나 암호화하지 않고 저장하십시오",
            "it is encrypted by a document protection (DRM); take the protection off, or save it without"
        ),
        Content::Text => say!(
            "Excel 파일이 아니라 텍스트입니다. CSV이면 이름을 .csv 로 바꾸십시오",
            "it is text and no Excel file; name it .csv if it is one"
        ),
        _ => say!(
            "Excel 파일도 CSV 파일도 아닙니다. 문서보안(DRM)으로 암호화되었으면 해제하고, Excel로 열어 .xlsx 로 저장하십시오",
            "it is neither an Excel nor a CSV file; take a document protection (DRM) off, or open it in a spreadsheet and save it as .xlsx"
        ),
    }
}

/// A file that cannot be read, and why.
pub(super) fn unreadable(path: &Path, why: &str) -> Failure {
    Failure::Input(format!("{}: {why}", path.display()))
}
