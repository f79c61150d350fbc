//! The requests as a client sends them: the members that `read` reads, in the tables' names. Absent values are
//! left out.
//!
//! They are personal data in the clear: seal them ([`crate::SecretKey::seal`]), and show them to nobody.

use serde::{Serialize, Serializer};

use super::verify::VerifyItem;
use super::{
    AnomalyRequest, BatchRequest, ConfirmRequest, HistoryRequest, NumberRequest, ResultRequest,
    ScheduleRequest, SingleRequest,
};
use crate::Sector;
use crate::codes::{LicenceClass, Recurrence};
use crate::values::{CompactDate, Period, RemoteNumber, UserId, Vehicle};

/// One driver.
#[derive(Serialize)]
struct ItemMembers<'a> {
    f_license_no: &'a str,
    f_resident_name: &'a str,
    f_licn_con_code: LicenceClass,
    f_from_date: CompactDate,
    f_to_date: CompactDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    vhcl_reg_no: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    com_api_type: Option<&'static str>,
}

impl<'a> ItemMembers<'a> {
    fn of(item: &'a VerifyItem) -> Self {
        Self {
            f_license_no: item.licence_number.as_str(),
            f_resident_name: item.name.as_str(),
            f_licn_con_code: item.class,
            f_from_date: CompactDate::new(item.period.from),
            f_to_date: CompactDate::new(item.period.to),
            vhcl_reg_no: vehicle_text(&item.vehicle),
            com_api_type: item.api_type.map(crate::codes::ApiType::code),
        }
    }
}

fn vehicle_text(vehicle: &Vehicle) -> Option<&str> {
    match vehicle {
        Vehicle::None => None,
        Vehicle::Plate(plate) => Some(plate.as_str()),
        Vehicle::Device(device) => Some(device.as_str()),
    }
}

fn user_text(user: Option<&UserId>) -> Option<&str> {
    user.map(UserId::as_str)
}

#[derive(Serialize)]
struct DriverMembers<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bizinfo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_way_yn: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_period: Option<Recurrence>,
    #[serde(flatten)]
    item: ItemMembers<'a>,
}

impl<'a> DriverMembers<'a> {
    fn of(bizinfo: Option<&'a UserId>, item: &'a VerifyItem) -> Self {
        let item = ItemMembers::of(item);
        Self { bizinfo: user_text(bizinfo), one_way_yn: None, repeat_period: None, item }
    }
}

impl SingleRequest {
    /// What [`SingleRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        DriverMembers::of(self.bizinfo.as_ref(), &self.item)
    }
}

impl ConfirmRequest {
    /// What [`ConfirmRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        let one_way_yn = self.one_way.map(crate::codes::OneWay::code);
        DriverMembers { one_way_yn, ..DriverMembers::of(self.bizinfo.as_ref(), &self.item) }
    }
}

impl ScheduleRequest {
    /// What [`ScheduleRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        let repeat_period = Some(self.recurrence);
        DriverMembers { repeat_period, ..DriverMembers::of(self.bizinfo.as_ref(), &self.item) }
    }
}

impl BatchRequest {
    /// What [`BatchRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Members<'a> {
            f_send_cnt: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            bizinfo: Option<&'a str>,
            #[serde(rename = "requestList")]
            request_list: Items<'a>,
        }
        struct Items<'a>(&'a [VerifyItem]);
        impl Serialize for Items<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().map(ItemMembers::of))
            }
        }
        Members {
            f_send_cnt: self.items.len().to_string(),
            bizinfo: user_text(self.bizinfo.as_ref()),
            request_list: Items(&self.items),
        }
    }
}

impl AnomalyRequest {
    /// What [`AnomalyRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Members<'a> {
            f_license_no: &'a str,
        }
        Members { f_license_no: self.licence_number.as_str() }
    }
}

impl NumberRequest {
    /// What [`NumberRequest::read`] reads; a rental's days have names of their own (§4.2.6.4).
    pub fn members(&self, sector: Sector) -> impl Serialize {
        #[derive(Default, Serialize)]
        struct Members<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            bizinfo: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            rent_bgng_dt: Option<CompactDate>,
            #[serde(skip_serializing_if = "Option::is_none")]
            rent_end_dt: Option<CompactDate>,
            #[serde(skip_serializing_if = "Option::is_none")]
            f_from_date: Option<CompactDate>,
            #[serde(skip_serializing_if = "Option::is_none")]
            f_to_date: Option<CompactDate>,
            #[serde(skip_serializing_if = "Option::is_none")]
            vhcl_reg_no: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            com_api_type: Option<&'static str>,
        }
        let Period { from, to } = self.period;
        let (from, to) = (Some(CompactDate::new(from)), Some(CompactDate::new(to)));
        let members = Members {
            bizinfo: user_text(self.bizinfo.as_ref()),
            vhcl_reg_no: vehicle_text(&self.vehicle),
            com_api_type: self.api_type.map(crate::codes::ApiType::code),
            ..Members::default()
        };
        if sector.rules().number.period.from == "rent_bgng_dt" {
            Members { rent_bgng_dt: from, rent_end_dt: to, ..members }
        } else {
            Members { f_from_date: from, f_to_date: to, ..members }
        }
    }
}

impl ResultRequest {
    /// What [`ResultRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Members<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            rent_no: Option<RemoteNumber>,
            #[serde(skip_serializing_if = "Option::is_none")]
            vrfc_no: Option<RemoteNumber>,
            #[serde(skip_serializing_if = "Option::is_none")]
            bizinfo: Option<&'a str>,
        }
        let is_rental = self.number.kind() == crate::values::NumberKind::Rental;
        Members {
            rent_no: is_rental.then_some(self.number),
            vrfc_no: (!is_rental).then_some(self.number),
            bizinfo: user_text(self.bizinfo.as_ref()),
        }
    }
}

impl HistoryRequest {
    /// What [`HistoryRequest::read`] reads.
    pub fn members(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Members<'a> {
            f_from_date: CompactDate,
            f_to_date: CompactDate,
            #[serde(skip_serializing_if = "Option::is_none")]
            vhcl_reg_no: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            co_nm: Option<&'a str>,
            page_no: u32,
            num_of_rows: u32,
            search_type: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            bizinfo: Option<&'a str>,
        }
        Members {
            f_from_date: CompactDate::new(self.from),
            f_to_date: CompactDate::new(self.to),
            vhcl_reg_no: self.plate.as_ref().map(crate::values::Plate::as_str),
            co_nm: self.company_name.as_deref(),
            page_no: self.page,
            num_of_rows: self.rows,
            search_type: self.search.code(),
            bizinfo: user_text(self.bizinfo.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use jiff::civil::{Date, date};
    use serde_json::{Value, json};

    use super::*;
    use crate::ApiError;
    use crate::codes::HistoryKind;
    use crate::json::Members;
    use crate::messages::testing::members;

    const TODAY: Date = date(2024, 10, 23);

    /// What is read, written and read again is the same.
    fn comes_back<R: Debug + PartialEq>(
        sample: Value,
        read: impl Fn(&Members) -> Result<R, ApiError>,
        write: impl Fn(&R) -> Value,
    ) {
        let request = read(&members(sample)).unwrap();
        let written = write(&request);
        assert_eq!(read(&members(written.clone())).unwrap(), request, "{written}");
        assert!(!written.to_string().contains("null"), "{written}");
    }

    fn value(members: impl Serialize) -> Value {
        serde_json::to_value(members).unwrap()
    }

    fn driver(sector: Sector) -> Value {
        let mut driver = json!({
            "bizinfo": "s01", "f_license_no": "221212121212", "f_resident_name": "홍길동",
            "f_licn_con_code": "12", "f_from_date": "20241023", "f_to_date": "20241024",
            "vhcl_reg_no": "67라6767",
        });
        if sector.rules().api_type {
            driver["com_api_type"] = json!("S02");
        }
        driver
    }

    #[test]
    fn a_verification_of_every_sector_is_read_as_it_was_written() {
        for sector in Sector::ALL.iter().copied() {
            let read = |members: &_| SingleRequest::read(members, sector, TODAY);
            comes_back(driver(sector), read, |request| value(request.members()));
            let mut item = driver(sector);
            item.as_object_mut().unwrap().remove("bizinfo");
            if sector.rules().api_type {
                item["com_api_type"] = json!("B01");
            }
            let batch = json!({ "f_send_cnt": "2", "bizinfo": "s01", "requestList": [item, item] });
            let read = |members: &_| BatchRequest::read(members, sector, TODAY);
            comes_back(batch, read, |request| value(request.members()));
        }
    }

    #[test]
    fn a_number_and_a_result_of_every_sector_are_read_as_they_were_written() {
        for sector in Sector::ALL.iter().copied() {
            let number = json!({
                "bizinfo": "s01", "vhcl_reg_no": "12하1234", "com_api_type": "G01",
                "rent_bgng_dt": "20241023", "rent_end_dt": "20241025",
                "f_from_date": "20241024", "f_to_date": "20241026",
            });
            let read = |members: &_| NumberRequest::read(members, sector, TODAY);
            comes_back(number, read, |request| value(request.members(sector)));
            let number = RemoteNumber::new(sector, 25, 843).unwrap().to_string();
            let result = json!({ "rent_no": number, "vrfc_no": number });
            comes_back(
                result,
                |members| ResultRequest::read(members, sector),
                |request| value(request.members()),
            );
        }
    }

    #[test]
    fn what_only_rentals_have_is_read_as_it_was_written() {
        let mut confirm = driver(Sector::Rental);
        confirm["one_way_yn"] = json!("N");
        comes_back(
            confirm,
            |members| ConfirmRequest::read(members, TODAY),
            |request| value(request.members()),
        );
        let mut schedule = driver(Sector::Rental);
        schedule["repeat_period"] = json!("2");
        comes_back(
            schedule,
            |members| ScheduleRequest::read(members, TODAY),
            |request| value(request.members()),
        );
        let anomaly = json!({ "f_license_no": "123456789123" });
        comes_back(anomaly, AnomalyRequest::read, |request| value(request.members()));
        for (kind, search) in
            [(HistoryKind::Rentals, "rent_end_date"), (HistoryKind::Schedules, "reservation_create_date")]
        {
            let page = json!({
                "f_from_date": "20250915", "f_to_date": "20251001", "vhcl_reg_no": "01호1234",
                "co_nm": "테스트회사", "page_no": 2, "num_of_rows": "10", "search_type": search,
            });
            comes_back(
                page,
                |members| HistoryRequest::read(members, kind, TODAY),
                |request| value(request.members()),
            );
        }
    }
}
