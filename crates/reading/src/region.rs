use rims_protocol::codes::REGIONS;

use crate::{Refused, plain};

/// What people write after a region's name.
const ENDINGS: [&str; 5] = ["특별자치도", "특별시", "광역시", "도", "시"];

/// The long names of provinces, which table 5.5 shortens.
const LONG: [(&str, &str); 7] = [
    ("충청북", "15"),
    ("충청남", "16"),
    ("전라북", "17"),
    ("전라남", "18"),
    ("경상북", "19"),
    ("경상남", "20"),
    ("경기도", "13"),
];

/// The two digits of a region (table 5.5), from its code or its name: `서울`, `서울특별시`, `Seoul`, `충청북도`.
pub fn region(text: &str) -> Result<&'static str, Refused> {
    let text = plain(text).replace(' ', "").to_lowercase();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let named = |name: &str| {
        let table = REGIONS.iter().find(|region| region.korean == name || region.code == name);
        table
            .map(|region| region.code)
            .or_else(|| LONG.iter().find(|(long, _)| *long == name).map(|(_, code)| *code))
    };
    let shortened = || ENDINGS.iter().filter_map(|ending| text.strip_suffix(ending)).find_map(named);
    let english = || {
        let is_named = |region: &&rims_protocol::codes::Region| {
            let name = region.english.to_lowercase().replace(' ', "");
            name == text || name.split('(').next() == Some(text.as_str())
        };
        REGIONS.iter().find(is_named).map(|region| region.code)
    };
    named(&text).or_else(shortened).or_else(english).ok_or(Refused::Region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_by_name_and_code() {
        for (text, code) in [
            ("서울", "11"),
            (" 서울특별시", "11"),
            ("부산광역시", "12"),
            ("경기", "13"),
            ("경기도", "13"),
            ("경기 남부", "13"),
            ("경기북부", "28"),
            ("강원특별자치도", "14"),
            ("충청북도", "15"),
            ("전북특별자치도", "17"),
            ("경상남도", "20"),
            ("제주도", "21"),
            ("Seoul", "11"),
            ("gyeonggi nambu", "13"),
            ("22", "22"),
            ("\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}", "11"),
        ] {
            assert_eq!(region(text), Ok(code), "{text}");
        }
        for text in ["서", "평양", "27", "도"] {
            assert_eq!(region(text), Err(Refused::Region), "{text}");
        }
    }
}
