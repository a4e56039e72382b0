//! Clocks: this machine's, the engine's, and what certificates say about the time.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::parse_x509_certificate;

use super::Check;
use crate::tls;

/// What an answer of the engine and the reading of clocks may take.
const CLOSE: f64 = 5.0;
/// Certificates begin so long before they are made, kubeadm's and ours.
const BACKDATED: f64 = 300.0;
/// With fewer authorities nothing can be told from how many of them have ended. So many are the world's, of which some always
/// have: nobody's own.
const ENOUGH: usize = 10;

/// What is known of the time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clock {
    /// Seconds by which the engine's clock is ahead of this machine's; none without an engine that tells.
    pub engine_ahead: Option<f64>,
    /// What the certificates say that this machine trusts.
    pub authorities: Authorities,
}

/// The certificates of authorities that this machine trusts, judged by its clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities {
    /// How many certificates there are, as far as they can be read.
    pub all: usize,
    /// Not valid yet, or not any more.
    pub early: usize,
    /// Certificates that are valid no more.
    pub late: usize,
    /// Those that the user named in the environment, where that is no list of the world's, and that have ended.
    pub ended: Vec<String>,
}

impl Clock {
    /// By how much the engine is ahead, asked at `asked` and answered after `took`.
    pub fn engine_ahead(told: Option<&str>, asked: OffsetDateTime, took: Duration) -> Option<f64> {
        let there = OffsetDateTime::parse(told?, &Rfc3339).ok()?;
        Some((there - (asked + took / 2)).as_seconds_f64())
    }

    /// What the clocks say, one check each; one that says that all is well only if they could be compared.
    pub fn checks(&self, now: OffsetDateTime) -> Vec<Check> {
        let engine = self.engine_ahead.map(engine);
        engine.into_iter().chain(self.authorities.checks(now)).collect()
    }
}

fn engine(ahead: f64) -> Check {
    if ahead.abs() < CLOSE {
        return Check::ok("clock", "the engine's and this machine's agree");
    }
    let side = if ahead > 0.0 { "ahead of" } else { "behind" };
    let found = format!("the engine's clock is {} {side} this machine's", span(ahead.abs()));
    let fix = "set both (`sudo timedatectl set-ntp true`); a virtual machine's clock stands still while a laptop sleeps: \
               restart Docker Desktop, Colima or WSL (`wsl --shutdown`)";
    match ahead.abs() > BACKDATED {
        true => {
            Check::failed("clock", format!("{found}, so certificates made by one are not valid for the other"), fix)
        }
        false => Check::warning("clock", format!("{found}: times in logs differ, and tokens end early or late"), fix),
    }
}

/// A span of time as people say it.
fn span(seconds: f64) -> String {
    const DAY: f64 = 86_400.0;
    match seconds > 2.0 * DAY {
        true => format!("{:.0} days", seconds / DAY),
        false => crate::report::units::duration(seconds.round()),
    }
}

impl Authorities {
    /// Of this machine, or of the environment where that names some.
    pub fn trusted_here(now: OffsetDateTime) -> Self {
        let named = matches!(tls::trust(), Ok(Some(_)));
        Self::of(&tls::authorities(), named, now)
    }

    fn of<Certificate: AsRef<[u8]>>(certificates: &[Certificate], named: bool, now: OffsetDateTime) -> Self {
        let mut found = Self::default();
        for certificate in certificates {
            let Ok((_, certificate)) = parse_x509_certificate(certificate.as_ref()) else { continue };
            let (begin, end) = (certificate.validity().not_before, certificate.validity().not_after);
            found.all += 1;
            found.early += usize::from(begin.timestamp() > now.unix_timestamp());
            if end.timestamp() < now.unix_timestamp() {
                found.late += 1;
                let day = end.to_datetime().date();
                found.ended.extend(named.then(|| format!("{} ended on {day}", certificate.subject())));
            }
        }
        found
    }

    fn checks(&self, now: OffsetDateTime) -> Vec<Check> {
        let most = |number: usize| self.all >= ENOUGH && number * 2 > self.all;
        let (early, late) = (most(self.early), most(self.late));
        if early || late {
            let (number, are) = if early { (self.early, "not valid yet") } else { (self.late, "valid no more") };
            let found = format!(
                "this machine's clock says {}, when {number} of the {} authorities that it trusts are {are}: downloads fail",
                now.date(),
                self.all
            );
            return vec![Check::warning("clock", found, "set it: `sudo timedatectl set-ntp true`")];
        }
        let fix = "get the newer one from whoever gave you this one; take it out of the file that SSL_CERT_FILE names";
        self.ended
            .iter()
            .filter(|_| self.all < ENOUGH)
            .map(|one| Check::warning("certificates", one.clone(), fix))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::doctor::Verdict;

    const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    fn judged(engine_ahead: Option<f64>, authorities: Authorities) -> Vec<Check> {
        Clock { engine_ahead, authorities }.checks(NOW)
    }

    #[test]
    fn clocks_that_differ_are_told_with_the_difference() {
        for (ahead, verdict, text) in [
            (0.4, Verdict::Ok, "agree"),
            (-42.0, Verdict::Warning, "42 s behind this machine's: times"),
            (290.0, Verdict::Warning, "4 min 50 s ahead of"),
            (301.0, Verdict::Failed, "5 min 1 s ahead of"),
            (-864_000.0, Verdict::Failed, "10 days behind"),
        ] {
            let checks = judged(Some(ahead), Authorities::default());
            assert!(checks[0].verdict == verdict && checks[0].found.contains(text), "{checks:?}");
        }
        assert_eq!(judged(None, Authorities::default()), []);
    }

    #[test]
    fn the_answer_s_own_time_is_taken_off() {
        let ahead = Clock::engine_ahead(Some("2026-11-29T12:00:03.5Z"), NOW, Duration::from_secs(3));
        assert_eq!(ahead, Some(2.0));
        assert_eq!(Clock::engine_ahead(Some("noon"), NOW, Duration::ZERO), None);
    }

    #[test]
    fn a_clock_by_which_most_authorities_are_not_valid_is_wrong() {
        let early = Authorities { all: 140, early: 90, ..Authorities::default() };
        let checks = judged(None, early);
        assert!(checks[0].found.contains("90 of the 140 authorities") && checks[0].found.contains("2026-11-29"));
        assert_eq!(checks[0].up_goes_on, Some(true));
        let late = judged(None, Authorities { all: 140, late: 139, ..Authorities::default() });
        assert!(late[0].found.contains("valid no more"), "{late:?}");
        // A company's own few, or a handful of old ones among many, say nothing about the clock.
        assert_eq!(judged(None, Authorities { all: 3, late: 3, ..Authorities::default() }), []);
        assert_eq!(judged(None, Authorities { all: 140, late: 9, ..Authorities::default() }), []);
    }

    #[test]
    fn an_authority_of_the_user_s_own_that_has_ended_is_named() {
        let made = |name: &str, until: i32| {
            let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(rcgen::DnType::CommonName, name);
            (params.not_before, params.not_after) =
                (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(until, 5, 1));
            params.self_signed(&rcgen::KeyPair::generate().expect("key")).expect("a certificate").der().to_vec()
        };
        let all = [made("Corp", 2025), made("New", 2030), vec![1, 2, 3]];
        let found = Authorities::of(&all, true, NOW);
        assert_eq!((found.all, found.early, found.late), (2, 0, 1));
        let checks = judged(None, found);
        assert!(checks.len() == 1 && checks[0].verdict == Verdict::Warning, "{checks:?}");
        assert_eq!((checks[0].name, checks[0].found.as_str()), ("certificates", "CN=Corp ended on 2025-05-01"));
        assert_eq!(judged(None, Authorities::of(&all, false, NOW)), []);
    }
}
