//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{calendar, capacity, decide, import, links, policy, request, requests, show, verify, what_if};

const ENDINGS: &str = "\
Exit codes:
  0   done
  1   refused, faulty, or something was found
  2   no answer in time; what was written stays and may still be carried out
  64  the command line isn't understood

Amounts: cpu in cores (8) or thousandths (500m); memory and storage as a whole number with M, G, T,
Mi, Gi or Ti (128G, 10T). G is 10^9 bytes, Gi is 2^30.";

/// The quota of a government cloud: what is left, who asks, who decides.
#[derive(Debug, Parser)]
#[command(name = "kubectl-yunheng", bin_name = "kubectl yunheng", version, after_help = ENDINGS)]
#[command(disable_help_subcommand = true)]
pub struct Arguments {
    #[command(flatten)]
    pub connection: Connection,
    #[command(subcommand)]
    pub command: Command,
}

/// Which cluster, and as whom. The same flags as kubectl's.
#[derive(Debug, Default, Args)]
pub struct Connection {
    /// The kubeconfig, instead of $KUBECONFIG
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, global = true)]
    pub context: Option<String>,
    /// The namespace to look in: dept-<department>
    #[arg(short, long, global = true)]
    pub namespace: Option<String>,
}

/// Each command's file says what it does.
#[derive(Debug, Subcommand)]
pub enum Command {
    Capacity(capacity::Arguments),
    Requests(requests::Arguments),
    Show(show::Arguments),
    Request(request::Arguments),
    #[command(flatten)]
    Decide(decide::Verb),
    Calendar(calendar::Arguments),
    Policy(policy::Arguments),
    Import(import::Arguments),
    Links(links::Arguments),
    Verify(verify::Arguments),
    WhatIf(what_if::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_fits_the_terminal() {
        fn check(command: &mut clap::Command, wrong: &mut Vec<String>) {
            // A command without long texts shows the short layout for --help too.
            for help in [command.render_help(), command.render_long_help()] {
                let help = help.to_string();
                wrong.extend(help.lines().filter(|line| line.width() > crate::table::COLUMNS).map(str::to_owned));
            }
            command.get_subcommands_mut().for_each(|below| check(below, wrong));
        }
        let mut command = Arguments::command();
        command.build();
        let mut wrong = Vec::new();
        check(&mut command, &mut wrong);
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn what_the_guide_shows_can_be_typed() {
        let lines = [
            "kubectl-yunheng capacity",
            "kubectl-yunheng capacity cec -o wide",
            "kubectl-yunheng requests --department civil-affairs --phase Submitted --mine",
            "kubectl-yunheng requests -A -o json",
            "kubectl-yunheng request change marriage-registry -n dept-civil-affairs --add-cpu 8 --justification aaaaaaaaaa",
            "kubectl-yunheng approve 2026-000123 --reason agreed",
            "kubectl-yunheng reject qr-abcde -n dept-civil-affairs --reason aaaaaaaaaa",
            "kubectl-yunheng withdraw qr-abcde --department civil-affairs",
            "kubectl-yunheng requests -A --stage TechReview,AdminApproval --overdue",
            "kubectl-yunheng show 2026-000123 -n dept-civil-affairs",
            "kubectl-yunheng accept 2026-000123",
            "kubectl-yunheng take 2026-000123 --timeout 0",
            "kubectl-yunheng return 2026-000123 --reason aaaaaaaaaa --reason-code incomplete --field spec.resources.memory --field justification",
            "kubectl-yunheng offer 2026-000123 --cpu 70 --reason aaaaaaaaaa",
            "kubectl-yunheng accept-offer 2026-000123",
            "kubectl-yunheng decline-offer 2026-000123 --reason aaaaaaaaaa",
            "kubectl-yunheng reinstate qr-abcde -n dept-civil-affairs",
            "kubectl-yunheng confirm qr-abcde",
            "kubectl-yunheng cancel qr-abcde --reason aaaaaaaaaa",
            "kubectl-yunheng reclaim 2026-000123 --application marriage-registry --reason aaaaaaaaaa",
            "kubectl-yunheng urge qr-abcde",
            "kubectl-yunheng calendar 2026",
            "kubectl-yunheng links --down",
            "kubectl-yunheng links --under county-420923 --month 2026-11 -o wide",
            "kubectl-yunheng calendar due --from 2026-09-30T10:00 --days 3",
            "kubectl-yunheng policy",
            "kubectl-yunheng policy --on 2027-01-01 -o wide",
            "kubectl-yunheng import inventory/xiaogan --named-only --dry-run",
            "kubectl-yunheng what-if -f plan.csv",
            "kubectl-yunheng what-if --pool cec --new 8C16G --count 12 -o json",
            "kubectl-yunheng --kubeconfig k --context c verify -o yaml",
        ];
        for line in lines {
            if let Err(error) = Arguments::try_parse_from(line.split(' ')) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let lines = [
            "kubectl-yunheng",
            "kubectl-yunheng reject qr-abcde",
            "kubectl-yunheng return qr-abcde --reason aaaaaaaaaa --field spec.pool",
            "kubectl-yunheng decline-offer qr-abcde",
            "kubectl-yunheng cancel qr-abcde",
            "kubectl-yunheng reclaim qr-abcde --reason aaaaaaaaaa",
            "kubectl-yunheng offer qr-abcde --reason aaaaaaaaaa",
            "kubectl-yunheng offer qr-abcde --reason aaaaaaaaaa --memory 140GB",
            "kubectl-yunheng requests --stage Nowhere",
            "kubectl-yunheng requests -A --department civil-affairs",
            "kubectl-yunheng request change a --cpu 8 --add-cpu 8 --justification aaaaaaaaaa",
            "kubectl-yunheng capacity -o csv",
            "kubectl-yunheng links --month november",
            "kubectl-yunheng policy --on tomorrow",
            "kubectl-yunheng what-if",
            "kubectl-yunheng what-if --pool cec",
            "kubectl-yunheng what-if -f plan.csv --pool cec --new 8C16G",
            "kubectl-yunheng what-if --pool cec --new 8cores",
        ];
        for line in lines {
            assert!(Arguments::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
