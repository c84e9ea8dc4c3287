//! Raw calls of the Kubernetes API: kinds, verbs and verdicts.

/// Who may, by verb. What isn't named nobody may.
#[derive(Clone, Copy, Debug)]
pub struct KindLine {
    pub kind: &'static str,
    /// Where its objects are: those of the department, or of its application's namespace.
    pub place: Place,
    pub verbs: &'static [(Verb, &'static str)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Belongs to no namespace.
    City,
    /// Namespace of the department.
    Department,
    /// Namespace of one of its applications, where its people deploy.
    Application,
    /// Namespace of the product itself.
    System,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
    /// `patch` of the status.
    Status,
}

impl Verb {
    pub const ALL: [Self; 9] = [
        Self::Get,
        Self::List,
        Self::Watch,
        Self::Create,
        Self::Update,
        Self::Patch,
        Self::Delete,
        Self::DeleteCollection,
        Self::Status,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Status => "status",
        }
    }
}

impl KindLine {
    /// The letters of those who may.
    #[must_use]
    pub fn who(&self, verb: Verb) -> &'static str {
        self.verbs.iter().find(|(named, _)| *named == verb).map_or("", |(_, who)| who)
    }
}

/// Reading and the cloud admin's writing.
const fn kept_by_admin(kind: &'static str, place: Place, verbs: &'static [(Verb, &'static str)]) -> KindLine {
    KindLine { kind, place, verbs }
}

/// Everything that the API group serves must be here, and what a department's people could use to get
/// more than was granted.
pub const KINDS: &[KindLine] = &[
    kept_by_admin(
        "ResourcePool",
        Place::City,
        &[
            // The provider sees its own pool by its name and can't list the others.
            (Verb::Get, "CATOUPIX"),
            (Verb::List, "CATOUIX"),
            (Verb::Watch, "CATOUIX"),
            (Verb::Create, "C"),
            (Verb::Update, "C"),
            (Verb::Patch, "C"),
            (Verb::Delete, "C"),
        ],
    ),
    KindLine {
        kind: "PoolLedger",
        place: Place::City,
        verbs: &[(Verb::Get, "CATPI"), (Verb::List, "CATI"), (Verb::Watch, "CATI")],
    },
    kept_by_admin(
        "Department",
        Place::City,
        &[
            (Verb::Get, "CATI"),
            (Verb::List, "CATI"),
            (Verb::Watch, "CATI"),
            // Nobody in a department raises its ceiling or makes himself a member.
            (Verb::Create, "C"),
            (Verb::Update, "C"),
            (Verb::Patch, "C"),
            (Verb::Delete, "C"),
        ],
    ),
    KindLine {
        kind: "Application",
        place: Place::Department,
        verbs: &[
            (Verb::Get, "CATOUI"),
            (Verb::List, "CATOUI"),
            (Verb::Watch, "CATOUI"),
            (Verb::Create, "C"),
            (Verb::Update, "COU"),
            (Verb::Patch, "COU"),
            (Verb::Delete, "C"),
        ],
    },
    kept_by_admin(
        "Allocation",
        Place::Department,
        &[
            (Verb::Get, "CATOUI"),
            (Verb::List, "CATOUI"),
            (Verb::Watch, "CATOUI"),
            (Verb::Create, "C"),
            (Verb::Update, "C"),
            (Verb::Patch, "C"),
            (Verb::Delete, "C"),
        ],
    ),
    KindLine {
        kind: "QuotaRequest",
        place: Place::Department,
        verbs: &[
            (Verb::Get, "CATOUI"),
            (Verb::List, "CATOUI"),
            (Verb::Watch, "CATOUI"),
            (Verb::Create, "OU"),
            (Verb::Update, "OU"),
            (Verb::Patch, "OU"),
        ],
    },
    KindLine {
        kind: "QuotaDecision",
        place: Place::Department,
        verbs: &[
            (Verb::Get, "CATOUI"),
            (Verb::List, "CATOUI"),
            (Verb::Watch, "CATOUI"),
            // Urge, which whoever sees the request may write if he may write decisions at all. The
            // other verdicts have a table of their own.
            (Verb::Create, "CATOU"),
        ],
    },
    kept_by_admin("CloudPolicy", Place::City, RULES),
    kept_by_admin("WorkCalendar", Place::City, RULES),
    KindLine {
        kind: "ResourceQuota",
        place: Place::Application,
        verbs: &[(Verb::Get, "CATOUI"), (Verb::List, "CATOUI"), (Verb::Watch, "CATOUI")],
    },
    KindLine {
        kind: "LimitRange",
        place: Place::Application,
        verbs: &[(Verb::Get, "CTOUI"), (Verb::List, "CTOUI"), (Verb::Watch, "CTOUI")],
    },
    KindLine {
        kind: "Pod",
        place: Place::Application,
        verbs: &[
            (Verb::Get, "CTOU"),
            (Verb::List, "CTOU"),
            (Verb::Watch, "CTOU"),
            (Verb::Create, "OU"),
            (Verb::Update, "OU"),
            (Verb::Patch, "OU"),
            (Verb::Delete, "OU"),
            (Verb::DeleteCollection, "OU"),
        ],
    },
    KindLine {
        kind: "RoleBinding",
        place: Place::Application,
        verbs: &[(Verb::Get, "I"), (Verb::List, "I"), (Verb::Watch, "I")],
    },
    KindLine {
        kind: "RoleBinding",
        place: Place::Department,
        verbs: &[(Verb::Get, "I"), (Verb::List, "I"), (Verb::Watch, "I")],
    },
    KindLine { kind: "Secret", place: Place::System, verbs: &[] },
    KindLine { kind: "ConfigMap", place: Place::System, verbs: &[] },
    KindLine { kind: "Lease", place: Place::System, verbs: &[] },
    KindLine {
        kind: "Namespace",
        place: Place::City,
        verbs: &[
            // Members see those of their department by name.
            (Verb::Get, "CATOUI"),
            (Verb::List, "CATI"),
            (Verb::Watch, "CATI"),
            // A cloud admin deletes one whose quota is released; of this one something is out.
            (Verb::Delete, ""),
        ],
    },
];

const RULES: &[(Verb, &str)] = &[
    (Verb::Get, "CATOUPIX"),
    (Verb::List, "CATOUPIX"),
    (Verb::Watch, "CATOUPIX"),
    (Verb::Create, "C"),
    (Verb::Update, "C"),
    (Verb::Patch, "C"),
    (Verb::Delete, "C"),
];

/// Who may write a decision with this verdict, of the stage that it names. Whether the request may take
/// it now is the process' part: docs/requests.md.
#[derive(Clone, Copy, Debug)]
pub struct VerdictLine {
    pub verdict: &'static str,
    /// Empty: the decision names none.
    pub stage: &'static str,
    pub who: &'static str,
}

const fn verdict(verdict: &'static str, stage: &'static str, who: &'static str) -> VerdictLine {
    VerdictLine { verdict, stage, who }
}

pub const VERDICTS: &[VerdictLine] = &[
    verdict("Accept", "Acceptance", "A"),
    verdict("Take", "", "T"),
    verdict("Approve", "TechReview", "T"),
    verdict("Approve", "AdminApproval", "A"),
    verdict("Return", "Acceptance", "A"),
    verdict("Return", "TechReview", "T"),
    verdict("Return", "AdminApproval", "A"),
    verdict("Reject", "Acceptance", "A"),
    verdict("Reject", "TechReview", "T"),
    verdict("Reject", "AdminApproval", "A"),
    verdict("Offer", "TechReview", "T"),
    verdict("Offer", "AdminApproval", "A"),
    verdict("AcceptOffer", "", "O"),
    verdict("DeclineOffer", "", "O"),
    verdict("Withdraw", "", "OU"),
    verdict("Reinstate", "", "OU"),
    verdict("Confirm", "", "T"),
    verdict("Cancel", "Provisioning", "C"),
    verdict("Cancel", "Reclaiming", "A"),
    verdict("Reclaim", "", "A"),
    verdict("Urge", "", "CATOU"),
];
