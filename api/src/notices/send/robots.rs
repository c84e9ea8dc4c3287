//! Group robots of WeCom and DingTalk: a message in their Markdown, and an answer with a code.

use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde_json::json;

use super::http::{Letter, Reading};
use super::sign;
use crate::identity::Secret;
use crate::notices::Text;

/// WeCom takes 4,096 bytes, the link and the title included.
const BODY_CHARS_MAX: usize = 800;

pub fn wecom(url: Uri, text: &Text, link: &str) -> Option<Letter> {
    letter(url, &json!({"msgtype": "markdown", "markdown": {"content": markdown(text, link)}}))
}

pub fn dingtalk(url: &Uri, secret: Option<&Secret>, text: &Text, link: &str, now: Timestamp) -> Option<Letter> {
    let url = match secret {
        Some(secret) => signed(url, secret, now)?,
        None => url.clone(),
    };
    let markdown = json!({"title": plain(&text.title), "text": markdown(text, link)});
    letter(url, &json!({"msgtype": "markdown", "markdown": markdown}))
}

fn letter(url: Uri, body: &serde_json::Value) -> Option<Letter> {
    Some(Letter { url, headers: HeaderMap::new(), body: serde_json::to_vec(body).ok()?, reading: Reading::Code })
}

fn signed(url: &Uri, secret: &Secret, now: Timestamp) -> Option<Uri> {
    let timestamp_ms = now.as_millisecond();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("timestamp", &timestamp_ms.to_string())
        .append_pair("sign", &sign::dingtalk(secret, timestamp_ms))
        .finish();
    let joint = if url.query().is_some() { '&' } else { '?' };
    format!("{url}{joint}{query}").parse().ok()
}

fn markdown(text: &Text, link: &str) -> String {
    let body: String = plain(&text.body).chars().take(BODY_CHARS_MAX).collect();
    let title = plain(&text.title);
    match link {
        "" => format!("**{title}**\n\n{body}"),
        link => format!("**{title}**\n\n{body}\n\n[{link}]({link})"),
    }
}

/// What people wrote stays text: the robots know no way to write these signs as such, so others that
/// look like them stand for them.
fn plain(text: &str) -> String {
    let sign = |sign| match sign {
        '[' => '［',
        ']' => '］',
        '<' => '＜',
        '>' => '＞',
        '*' => '＊',
        '_' => '＿',
        '`' => '＇',
        '@' => '＠',
        '#' => '＃',
        '\n' | '\r' | '\t' => ' ',
        other => other,
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_no_markup() {
        let text = Text { title: "申请 1".into(), body: "[here](https://evil.example)\n<@all> **now**".into() };
        let markdown = markdown(&text, "https://cloud.example/requests/a/b");
        let (head, link) = markdown.rsplit_once("\n\n").unwrap();
        assert_eq!(head, "**申请 1**\n\n［here］(https://evil.example) ＜＠all＞ ＊＊now＊＊");
        assert_eq!(link, "[https://cloud.example/requests/a/b](https://cloud.example/requests/a/b)");
    }

    #[test]
    fn the_signature_is_added_to_the_robots_url() {
        let secret = Secret::new("SEC0".into());
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let url = signed(&"https://oapi.example/robot/send?access_token=x".parse().unwrap(), &secret, now).unwrap();
        let url = url.to_string();
        assert!(
            url.starts_with("https://oapi.example/robot/send?access_token=x&timestamp=1700000000000&sign="),
            "{url}"
        );
        assert!(!url.ends_with('=') && url.ends_with("%3D"), "{url}");
    }
}
