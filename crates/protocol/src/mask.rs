//! How personal data is hidden in answers (§4.2.1.6.2, §4.2.9.6.1).

/// Every second character becomes `*`: `123456789123` → `1*3*5*7*9*2*`.
pub fn licence_number(number: &str) -> String {
    let shown = number.chars().enumerate().map(|(index, digit)| if index % 2 == 1 { '*' } else { digit });
    let mut masked = String::with_capacity(number.len());
    masked.extend(shown);
    masked
}

/// First and last character stay: `홍길동` → `홍*동`, `남궁민수` → `남**수`; two: `홍*`; one: `*`.
pub fn person_name(name: &str) -> String {
    let length = name.chars().count();
    let keeps = |index: usize| match length {
        1 => false,
        2 => index == 0,
        _ => index == 0 || index == length - 1,
    };
    name.chars().enumerate().map(|(index, character)| if keeps(index) { character } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_numbers_keep_every_second_digit() {
        assert_eq!(licence_number("221212121212"), "2*1*1*1*1*1*");
        assert_eq!(licence_number("113355667788"), "1*3*5*6*7*8*");
        assert_eq!(licence_number(""), "");
    }

    #[test]
    fn names_keep_their_ends() {
        for (name, masked) in
            [("홍길동", "홍*동"), ("남궁민수", "남**수"), ("홍길", "홍*"), ("홍", "*"), ("", "")]
        {
            assert_eq!(person_name(name), masked);
        }
    }
}
