//! Provided code must be correct.

use std::time::{Duration, UNIX_EPOCH};
use web::http::header::{self, CACHE_CONTROL, HeaderMap, HeaderValue};
use web::{Body, BodyBroken, Bytes, Directives, Read, date, directives::LONGEST, hop};

fn said(lines: &[&str]) -> Directives {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
    }
    Directives::of(&headers)
}

fn s(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[test]
fn directives_are_read_from_all_lines_in_any_case() {
    let all = said(&["Public, MAX-AGE=60", " s-maxage=30 ,must-revalidate"]);
    assert!(all.public && all.must_revalidate && !all.private);
    assert_eq!((all.max_age, all.s_maxage), (s(60), s(30)));
}

#[test]
fn each_doubt_goes_to_the_careful_side() {
    assert_eq!(said(&["max-age=60, max-age=10"]).max_age, s(10));
    assert_eq!(said(&["max-age=-1"]).max_age, s(0));
    assert_eq!(said(&["max-age=1.5"]).max_age, s(0));
    assert_eq!(said(&["max-age"]).max_age, s(0));
    assert_eq!(said(&["max-age=\"60\""]).max_age, s(60));
    assert_eq!(
        said(&["max-age=99999999999999999999999"]).max_age,
        Some(LONGEST)
    );
    assert_eq!(said(&["max-stale"]).max_stale, Some(LONGEST));
    assert_eq!(said(&["min-fresh=x"]).min_fresh, Some(LONGEST));
    assert!(said(&["private=\"set-cookie\""]).private);
    assert!(said(&["no-cache=\"a, b\", x"]).no_cache);
}

#[test]
fn what_is_quoted_is_no_directive() {
    let quoted = said(&["x=\"private, no-store\", max-age=5"]);
    assert!(!quoted.private && !quoted.no_store);
    assert_eq!(quoted.max_age, s(5));
    assert!(!said(&["x=\"\\\", no-store\""]).no_store);
}

#[test]
fn a_long_line_is_read_in_one_pass() {
    let line = format!("{}no-store", "a,".repeat(500_000));
    assert!(said(&[&line]).no_store);
}

#[test]
fn dates_are_read_in_three_forms_and_written_in_one() {
    let when = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let forms = [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ];
    for form in forms {
        let mut headers = HeaderMap::new();
        headers.insert(header::DATE, HeaderValue::from_static(form));
        assert_eq!(date::of(&headers, &header::DATE), Some(when), "{form}");
    }
    assert_eq!(date::value(when), forms[0]);
    let far = UNIX_EPOCH + Duration::from_secs(1 << 45);
    assert_eq!(date::value(far), "Fri, 31 Dec 9999 23:59:59 GMT");
}

#[test]
fn what_concerns_one_connection_goes_no_further() {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "x-mine, close, cache-control"),
        ("x-mine", "1"),
        ("keep-alive", "5"),
        ("transfer-encoding", "chunked"),
        ("cache-control", "private"),
    ] {
        headers.append(name, HeaderValue::from_static(value));
    }
    hop::end_to_end(&mut headers);
    let left: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
    assert_eq!(left, ["cache-control"]);
}

#[tokio::test]
async fn a_body_is_read_within_its_limit_and_no_byte_is_lost() {
    let pieces = |pieces: Vec<Result<&'static str, BodyBroken>>| {
        let pieces = pieces.into_iter().map(|piece| piece.map(Bytes::from));
        Body::pieces(futures_util::stream::iter(pieces))
    };
    let Ok(Read::Whole(whole)) = pieces(vec![Ok("ab"), Ok("cd")]).within(4).await else {
        panic!("four bytes are within four");
    };
    assert_eq!(whole, "abcd");
    let Ok(Read::Longer(body)) = pieces(vec![Ok("ab"), Ok("cd"), Ok("e")]).within(3).await else {
        panic!("five bytes are not within three");
    };
    let Ok(Read::Whole(whole)) = body.within(100).await else {
        panic!("all of it is still there");
    };
    assert_eq!(whole, "abcde");
    let broken = pieces(vec![Ok("ab"), Err(BodyBroken)]).within(9).await;
    assert!(broken.is_err());
}
