//! Those who act in tests: service accounts of the chart, each with a token of its own.

/// Somebody with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Person {
    CloudAdmin,
    ApproverAdmin,
    ApproverTech,
    Auditor,
    /// Accountable for the department.
    Li,
    /// A user of the department.
    Zhang,
    /// Of another department.
    Chen,
    /// Staff of the provider of pool `cec`.
    Provider,
    /// Signed in, with no role at all.
    Nobody,
    Operator,
    Api,
}

impl Person {
    pub const ALL: [Self; 11] = [
        Self::CloudAdmin,
        Self::ApproverAdmin,
        Self::ApproverTech,
        Self::Auditor,
        Self::Li,
        Self::Zhang,
        Self::Chen,
        Self::Provider,
        Self::Nobody,
        Self::Operator,
        Self::Api,
    ];

    /// Name of the service account.
    #[must_use]
    pub const fn account(self) -> &'static str {
        match self {
            Self::CloudAdmin => "cloud-admin",
            Self::ApproverAdmin => "approver-admin",
            Self::ApproverTech => "approver-tech",
            Self::Auditor => "auditor",
            Self::Li => "li",
            Self::Zhang => "zhang",
            Self::Chen => "chen",
            Self::Provider => "provider-cec",
            Self::Nobody => "default",
            Self::Operator => "yunheng-operator",
            Self::Api => "yunheng-api",
        }
    }

    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Operator | Self::Api => "yunheng-system",
            _ => "yunheng-people",
        }
    }

    /// The user name that the API server knows.
    #[must_use]
    pub fn user(self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace(), self.account())
    }
}
