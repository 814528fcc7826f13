//! Mailed tokens: single use, until they expire, with tries that are counted by the store.

use usermgmt_core::model::{Token, TokenKind};
use usermgmt_core::store::{Committed, Guard, StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, MICRO, REALM, at, commit, commit_at, digest, fails_at, refuses, token, token_id, user, user_id,
};

const KIND: TokenKind = TokenKind::VerifyEmail;
const SPENT: StoreErrorKind = StoreErrorKind::Refused(Guard::Token);
const NO_TRY: StoreErrorKind = StoreErrorKind::Refused(Guard::Tries);

fn consume(number: u128) -> [Write; 1] {
    [Write::ConsumeToken { id: token_id(number) }]
}

fn count(number: u128) -> [Write; 1] {
    [Write::CountTry { id: token_id(number) }]
}

async fn put(store: &AnyStore, tokens: &[Token]) {
    let users = [Write::PutUser(user(1)), Write::PutUser(user(2))];
    commit(store, users.into_iter().chain(tokens.iter().cloned().map(Write::PutToken))).await;
}

async fn read(store: &AnyStore, number: u128) -> Token {
    store.token(REALM, token_id(number)).await.found("a token")
}

/// Every column of a token comes back as it was put, by id and by digest, live or not.
pub async fn a_token_is_returned_as_it_was_put(store: AnyStore) {
    let rich = Token {
        browser: Some(digest("browser")),
        key_id: "Key-2".to_owned(),
        canonical: "other@example.test".to_owned(),
        tries_left: 0,
        code_expires_at: at(1),
        expires_at: at(2),
        created_at: at(-7),
        ..token(2, 2)
    };
    let all = [token(1, 1), rich, Token { consumed_at: Some(at(3)), ..token(3, 1) }];
    put(&store, &all).await;
    for put in all {
        assert_eq!(store.token(REALM, put.id).await.found("a token"), put, "a token does not come back as it was put");
        let by_digest = store.token_by_digest(REALM, KIND, put.digest).await.found("a token");
        assert_eq!(by_digest, put, "a token is not found by the digest of its link");
    }
}

/// Of several tokens that a browser asked for, the newest is found, live or not; those of other browsers are not.
pub async fn the_newest_token_of_a_browser_is_found(store: AnyStore) {
    let asked = |number, browser, seconds| Token {
        browser: Some(digest(browser)),
        created_at: at(seconds),
        consumed_at: (number == 3).then(|| at(9)),
        ..token(number, 1)
    };
    let all = [asked(1, "one", 1), asked(2, "one", 2), asked(3, "one", 3), asked(4, "two", 4), token(5, 1)];
    put(&store, &all).await;
    let found = async |browser| store.token_of_browser(REALM, KIND, digest(browser)).await.answer().map(|row| row.id);
    assert_eq!(found("one").await, Some(token_id(3)), "not the newest token of the browser was found");
    assert_eq!(found("two").await, Some(token_id(4)), "a token of another browser was found");
    assert_eq!(found("three").await, None, "a token was found for a browser that asked for none");
}

/// A token is used up once, at the time of the commit.
pub async fn a_token_is_consumed_once(store: AnyStore) {
    put(&store, &[token(1, 1), token(2, 1)]).await;
    commit_at(&store, at(5), consume(1)).await;
    let spent = Token { consumed_at: Some(at(5)), ..token(1, 1) };
    assert_eq!(read(&store, 1).await, spent, "a consumed token does not say when it was consumed, or lost more");
    fails_at(&store, at(6), SPENT, "a token that was used must not be used again", consume(1)).await;
    assert_eq!(read(&store, 1).await, spent, "a refused use changed the token");
    assert_eq!(read(&store, 2).await, token(2, 1), "using one token used another");
    refuses(&store, Guard::Token, "a token that does not exist cannot be used", consume(9)).await;
}

/// Twice in one change set is twice: the second use refuses the whole.
pub async fn a_token_is_not_consumed_twice_in_one_commit(store: AnyStore) {
    put(&store, &[token(1, 1)]).await;
    let twice = consume(1).into_iter().chain(consume(1));
    refuses(&store, Guard::Token, "one change set used a token twice", twice).await;
    assert_eq!(read(&store, 1).await.consumed_at, None, "a refused commit used the token");
}

/// A link works while the commit's time is before `expires_at`, and not at that very time.
pub async fn a_token_can_be_consumed_until_it_expires(store: AnyStore) {
    put(&store, &[token(1, 1), token(2, 1)]).await;
    let end = token(1, 1).expires_at;
    fails_at(&store, end, SPENT, "at `expires_at` a token is no longer live", consume(1)).await;
    fails_at(&store, end + MICRO, SPENT, "a token that has expired must not be used", consume(1)).await;
    commit_at(&store, end - MICRO, consume(2)).await;
}

/// The end of the code does not end the link.
pub async fn the_link_outlives_the_code(store: AnyStore) {
    put(&store, &[token(1, 1), Token { tries_left: 0, ..token(2, 1) }]).await;
    commit_at(&store, token(1, 1).code_expires_at, consume(1)).await;
    commit(&store, consume(2)).await;
}

/// Revoking ends every live token of the user and kind, and leaves those of others and those that were used.
pub async fn revocation_ends_the_live_tokens_of_one_user(store: AnyStore) {
    put(&store, &[token(1, 1), token(2, 1), Token { consumed_at: Some(at(-5)), ..token(3, 1) }, token(4, 2)]).await;
    commit_at(&store, at(10), [Write::RevokeTokens { user: user_id(1), kind: KIND }]).await;
    for number in [1, 2] {
        assert_eq!(read(&store, number).await.consumed_at, Some(at(10)), "a live token was not revoked");
        fails_at(&store, at(11), SPENT, "a revoked token must not be used", consume(number)).await;
        fails_at(&store, at(11), NO_TRY, "the code of a revoked token must not be tried", count(number)).await;
    }
    assert_eq!(read(&store, 3).await.consumed_at, Some(at(-5)), "revoking changed when another token was used");
    commit_at(&store, at(11), consume(4)).await;
}

/// A change set that revokes and puts a token leaves the new one live: only one link lives at a time.
pub async fn revocation_comes_before_the_new_token(store: AnyStore) {
    put(&store, &[token(1, 1)]).await;
    commit(&store, [Write::PutToken(token(2, 1)), Write::RevokeTokens { user: user_id(1), kind: KIND }]).await;
    refuses(&store, Guard::Token, "the token that was replaced must not be used", consume(1)).await;
    commit(&store, consume(2)).await;
}

/// Each try takes one, and the commit answers how many are left afterwards.
pub async fn tries_are_counted_and_answered_after(store: AnyStore) {
    put(&store, &[token(1, 1), token(2, 1)]).await;
    for left in [2, 1, 0] {
        let committed = commit(&store, count(1)).await;
        let wanted = Committed { tries_left: vec![(token_id(1), left)] };
        assert_eq!(committed, wanted, "a commit must answer the tries that are left after it");
        assert_eq!(
            read(&store, 1).await.tries_left,
            left,
            "the token does not have the tries that the commit answered"
        );
    }
    assert_eq!(read(&store, 2).await.tries_left, 3, "a try was taken from another token");
    let twice = commit(&store, count(2).into_iter().chain(count(2))).await;
    let wanted = [(token_id(2), 2), (token_id(2), 1)];
    assert_eq!(twice.tries_left, wanted, "two tries in one commit must be answered one after the other");
    assert_eq!(commit(&store, []).await, Committed::default(), "a commit without a try answered tries");
}

/// There is no try after the last one.
pub async fn tries_never_fall_below_zero(store: AnyStore) {
    put(&store, &[Token { tries_left: 1, ..token(1, 1) }]).await;
    commit(&store, count(1)).await;
    for _ in 0..3 {
        refuses(&store, Guard::Tries, "no try is left, but one was taken", count(1)).await;
        assert_eq!(read(&store, 1).await.tries_left, 0, "a refused try changed the number of tries");
    }
}

/// A code is tried only while token and code live: not at the end of either, not once used, not if unknown.
pub async fn a_try_needs_a_live_code(store: AnyStore) {
    let short_link = Token { expires_at: at(300), ..token(2, 1) };
    put(&store, &[token(1, 1), short_link, Token { consumed_at: Some(at(1)), ..token(3, 1) }]).await;
    let why = "the code is dead at `code_expires_at`, so it must not be tried";
    fails_at(&store, at(600), NO_TRY, why, count(1)).await;
    commit_at(&store, at(600) - MICRO, count(1)).await;
    let why = "the link is dead at `expires_at`, so its code must not be tried";
    fails_at(&store, at(300), NO_TRY, why, count(2)).await;
    commit_at(&store, at(300) - MICRO, count(2)).await;
    fails_at(&store, at(2), NO_TRY, "the code of a used token must not be tried", count(3)).await;
    fails_at(&store, at(2), NO_TRY, "a token that does not exist has no tries", count(9)).await;
    assert_eq!(read(&store, 3).await.tries_left, 3, "a refused try was counted");
}

/// A right code on the last try is a success: counting and consuming fit into one commit.
pub async fn the_last_try_may_be_the_right_one(store: AnyStore) {
    put(&store, &[Token { tries_left: 1, ..token(1, 1) }]).await;
    let committed = commit(&store, consume(1).into_iter().chain(count(1))).await;
    assert_eq!(committed.tries_left, [(token_id(1), 0)], "the last try was not answered");
    assert!(read(&store, 1).await.consumed_at.is_some(), "the token was not consumed with its last try");
}
