use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// Which days of a year are worked: the holidays of the State Council's notice and the weekends that
/// are worked for them. Deadlines in working days follow it.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "WorkCalendar",
    plural = "workcalendars",
    category = "yunheng",
    derive = "PartialEq",
    cel,
    doc = "Which days of a year are worked. One object per year, named y<year>. Deadlines in working days follow it.",
    validation = Rule::new("self.metadata.name.matches('^y[0-9]{4}$') && int(self.metadata.name.substring(1)) == self.spec.year").message("the name of a year's calendar is y and the year, such as y2026"),
    printcolumn(name = "Year", type_ = "integer", json_path = ".spec.year"),
    printcolumn(name = "Published", type_ = "boolean", json_path = ".spec.published", description = "false: Monday to Friday count, and what is reckoned with it is provisional"),
    printcolumn(name = "Source", type_ = "string", json_path = ".spec.sourceDocument"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self.holidays.all(day, timestamp(day + 'T00:00:00Z').getFullYear() == self.year)").message("spec.holidays must be days of spec.year"))]
#[x_kube(validation = Rule::new("self.makeupWorkdays.all(day, timestamp(day + 'T00:00:00Z').getFullYear() == self.year)").message("spec.makeupWorkdays must be days of spec.year"))]
#[x_kube(validation = Rule::new("self.makeupWorkdays.all(day, !(day in self.holidays))").message("a day must not be in spec.holidays and in spec.makeupWorkdays"))]
#[x_kube(validation = Rule::new("!self.published || size(self.holidays) > 0").message("a published year has holidays: fill in spec.holidays, or set spec.published to false"))]
pub struct WorkCalendarSpec {
    #[schemars(range(min = 2000, max = 2199))]
    pub year: i32,
    /// Days off, weekends inside a holiday included, as `2026-10-01`, in order. Saturdays and Sundays
    /// outside of holidays need not be named.
    #[serde(default)]
    #[schemars(length(max = 60), inner(length(max = 10)))]
    #[x_kube(validation = Rule::new("self.all(day, day.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$'))").message("spec.holidays must be dates such as 2026-10-01"))]
    #[x_kube(validation = Rule::new("self.isSorted() && self.all(day, self.exists_one(other, other == day))").message("spec.holidays must be in order, each day once"))]
    pub holidays: Vec<String>,
    /// Saturdays and Sundays that are worked for a holiday (调休上班), in order.
    #[serde(default)]
    #[schemars(length(max = 30), inner(length(max = 10)))]
    #[x_kube(validation = Rule::new("self.all(day, day.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$'))").message("spec.makeupWorkdays must be dates such as 2026-10-10"))]
    #[x_kube(validation = Rule::new("self.isSorted() && self.all(day, self.exists_one(other, other == day))").message("spec.makeupWorkdays must be in order, each day once"))]
    #[x_kube(validation = Rule::new("self.all(day, timestamp(day + 'T00:00:00Z').getDayOfWeek() in [0, 6])").message("spec.makeupWorkdays must be Saturdays and Sundays: other days are worked anyway"))]
    pub makeup_workdays: Vec<String>,
    /// The notice that says so, with its number and date.
    #[schemars(length(min = 1, max = 300))]
    pub source_document: String,
    /// Whether the notice is out. Until then Monday to Friday count, the lists don't, and each date
    /// that is reckoned with the year is provisional (暂定).
    #[serde(default)]
    pub published: bool,
}
