//! Who is there: the users of the recordings, those of the exchange, and crowds.

use super::users::{Role, User};

impl User {
    /// The users of the recordings in their order, then those of the exchange: `unhcr_cw` (a case
    /// worker of UNHCR, to whom referrals to proGres are made), `worker4` (a case worker of UNICEF with a complete profile),
    /// `worker5` (one without email, phone and position), and `bridge_api` (an API user of UNICEF).
    #[must_use]
    pub fn recorded() -> Vec<Self> {
        let mut users = factory_users();
        users.extend([
            Self::new("api_unhcr", Role::IntegrationApi, "UNHCR"),
            Self::new("api_unicef", Role::IntegrationApi, "UNICEF"),
            Self::new("worker1", Role::CaseWorker, "UNICEF"),
            Self::new("worker2", Role::CaseWorker, "UNHCR"),
            Self::new("worker3", Role::CaseWorker, "UNHCR"),
            Self::new("reader", Role::ReadOnly, "UNICEF"),
            Self::new("limited", Role::Limited, "UNICEF"),
            Self::new("lockme", Role::CaseWorker, "UNICEF"),
            Self::new("unhcr_cw", Role::CaseWorker, "UNHCR"),
            Self {
                full_name: "Almaz Tesfaye".to_owned(),
                phone: Some("+251900000400".to_owned()),
                position: Some("Case worker".to_owned()),
                ..Self::new("worker4", Role::CaseWorker, "UNICEF")
            },
            Self {
                full_name: "Peter Gatkuoth".to_owned(),
                email: None,
                ..Self::new("worker5", Role::CaseWorker, "UNICEF")
            },
            Self::new("bridge_api", Role::IntegrationApi, "UNICEF"),
        ]);
        users
    }

    /// Case workers `crowd_0001` and so on. Every second one lacks a phone, every third a position, every
    /// fifth an email address.
    #[must_use]
    pub fn crowd(count: usize) -> Vec<Self> {
        let member = |number: usize| {
            let user = Self::new(&format!("crowd_{number:04}"), Role::CaseWorker, "UNICEF");
            let has = |every: usize| !number.is_multiple_of(every);
            Self {
                phone: has(2).then(|| format!("+2519{number:08}")),
                position: has(3).then(|| "Case worker".to_owned()),
                email: user.email.clone().filter(|_| has(5)),
                ..user
            }
        };
        (1..=count).map(member).collect()
    }
}

/// The users that every fresh Primero has.
fn factory_users() -> Vec<User> {
    let named = |user_name: &str, full_name: &str, role| {
        let mut user = User::new(user_name, role, "UNICEF");
        full_name.clone_into(&mut user.full_name);
        user.email = Some(format!("{user_name}@primero.com"));
        user.services.clear();
        if role == Role::CaseWorker {
            "role-cp-case-worker".clone_into(&mut user.role_id);
        }
        if user_name.ends_with("_ar") {
            "ar".clone_into(&mut user.locale);
        }
        user
    };
    vec![
        named("primero", "System Superuser", Role::Superuser),
        named("primero_admin_cp", "CP Administrator", Role::Manager),
        named("primero_mgr_cp", "CP Manager", Role::Manager),
        named("primero_cp", "CP Worker", Role::CaseWorker),
        named("primero_mgr_gbv", "GBV Manager", Role::Manager),
        named("primero_gbv", "GBV Worker", Role::CaseWorker),
        named("primero_ftr_manager", "FTR Manager", Role::Manager),
        named("primero_user_mgr_cp", "CP User Manager", Role::Manager),
        named(
            "agency_user_admin",
            "Agency User Administrator",
            Role::Manager,
        ),
        named("primero_cp_ar", "CP Worker AR", Role::CaseWorker),
        named("primero_mgr_cp_ar", "CP Manager AR", Role::Manager),
    ]
}
