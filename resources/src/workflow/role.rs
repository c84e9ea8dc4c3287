//! Who may act on a request.

use std::fmt;

use crate::v1alpha1::{ReviewStage, Verdict};

/// The roles of the city, and the two parts of Yunheng that act by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 云管理员
    CloudAdmin,
    /// 行政审批人
    ApproverAdmin,
    /// 技术审核人
    ApproverTech,
    /// 使用单位用户
    DepartmentUser,
    /// 使用单位负责人
    DepartmentOwner,
    /// 云服务商
    Provider,
    /// 审计/第三方监管
    Auditor,
    /// Deadlines and rules.
    System,
    /// What is seen in ledgers and clusters.
    Operator,
}

/// Either role of a department.
pub const DEPARTMENT: &[Role] = &[Role::DepartmentUser, Role::DepartmentOwner];

impl Role {
    pub const ALL: [Self; 9] = [
        Self::CloudAdmin,
        Self::ApproverAdmin,
        Self::ApproverTech,
        Self::DepartmentUser,
        Self::DepartmentOwner,
        Self::Provider,
        Self::Auditor,
        Self::System,
        Self::Operator,
    ];

    /// The key in policies, tokens and the chart's cluster roles.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CloudAdmin => "cloud-admin",
            Self::ApproverAdmin => "approver-admin",
            Self::ApproverTech => "approver-tech",
            Self::DepartmentUser => "department-user",
            Self::DepartmentOwner => "department-owner",
            Self::Provider => "provider",
            Self::Auditor => "auditor",
            Self::System => "system",
            Self::Operator => "operator",
        }
    }

    /// Whether whoever acts so belongs to the department that asks.
    #[must_use]
    pub const fn is_department(self) -> bool {
        matches!(self, Self::DepartmentUser | Self::DepartmentOwner)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Name of the step in which a submitted request waits.
pub const ACCEPTANCE: &str = "Acceptance";

/// The roles that the admission policies have proven of whoever wrote this verdict for this stage.
///
/// RBAC says who may write what, by custom verbs that are asked for with the verdict and the stage
/// in the decision. Which of his roles somebody acts in is therefore what his decision says, and a
/// decision at another stage than the request's is refused. An Urge may be written by whoever may
/// see the request and isn't an onlooker; it is taken as the department's.
#[must_use]
pub fn vouched(verdict: Verdict, stage: Option<&str>) -> &'static [Role] {
    const TECH: &str = "TechReview";
    const ADMIN: &str = "AdminApproval";
    match (verdict, stage) {
        (Verdict::Accept | Verdict::Reclaim, _) => &[Role::ApproverAdmin],
        (Verdict::Take | Verdict::Confirm, _) => &[Role::ApproverTech],
        (Verdict::Approve | Verdict::Return | Verdict::Reject | Verdict::Offer, Some(TECH)) => &[Role::ApproverTech],
        (Verdict::Approve | Verdict::Return | Verdict::Reject | Verdict::Offer, Some(ADMIN | ACCEPTANCE)) => {
            &[Role::ApproverAdmin]
        }
        (Verdict::Cancel, Some("Provisioning")) => &[Role::CloudAdmin],
        (Verdict::Cancel, Some("Reclaiming")) => &[Role::ApproverAdmin],
        (Verdict::Withdraw | Verdict::Reinstate | Verdict::Urge, _) => &[Role::DepartmentUser],
        (Verdict::AcceptOffer | Verdict::DeclineOffer, _) => &[Role::DepartmentOwner],
        (Verdict::Approve | Verdict::Return | Verdict::Reject | Verdict::Offer | Verdict::Cancel, _) => &[],
    }
}

impl ReviewStage {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TechReview => "TechReview",
            Self::AdminApproval => "AdminApproval",
        }
    }

    /// Whose stage it is.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::TechReview => Role::ApproverTech,
            Self::AdminApproval => Role::ApproverAdmin,
        }
    }
}
