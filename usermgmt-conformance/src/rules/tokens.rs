//! Mailed tokens: single use, until they expire, with tries that are counted by the store.

use time::OffsetDateTime;
use usermgmt_core::model::{Token, TokenKind};
use usermgmt_core::store::{Committed, Guard, StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, MICRO, NOW, REALM, at, commit, commit_at, digest, fails_at, other_realm, refuses, token, token_id,
    user, user_id,
};

const KIND: TokenKind = TokenKind::VerifyEmail;
const SPENT: StoreErrorKind = StoreErrorKind::Refused(Guard::Token);
const NO_TRY: StoreErrorKind = StoreErrorKind::Refused(Guard::Tries);

fn consume(number: u128) -> [Write; 1] {
    [Write::ConsumeToken { user: user_id(1), id: token_id(number) }]
}

fn count(number: u128) -> [Write; 1] {
    [Write::CountTry { user: user_id(1), id: token_id(number) }]
}

async fn put(store: &AnyStore, tokens: &[Token]) {
    let users = [Write::PutUser(user(1)), Write::PutUser(user(2))];
    commit(store, users.into_iter().chain(tokens.iter().cloned().map(Write::PutToken))).await;
}

async fn read(store: &AnyStore, number: u128) -> Token {
    store.token(REALM, user_id(1), token_id(number)).await.found("a token")
}

/// Every column of a token comes back as it was put, by id and by digest, live or not.
pub async fn a_token_is_returned_as_it_was_put(store: AnyStore) {
    let rich = Token {
        browser: Some(digest("browser")),
        key_id: "Key-2".to_owned(),
        canonical: "other@example.test".to_owned(),
        display: "Other@Example.test".to_owned(),
        label: Some("Gerät „Küche“ 📱".to_owned()),
        replaces_primary: true,
        tries_left: 0,
        code_expires_at: at(1),
        expires_at: at(2),
        created_at: at(-7),
        ..token(2, 2)
    };
    let all = [
        token(1, 1),
        rich,
        Token { label: Some(String::new()), ..token(4, 1) },
        Token { consumed_at: Some(at(3)), ..token(3, 1) },
    ];
    put(&store, &all).await;
    for put in all {
        assert_eq!(
            store.token(REALM, put.user, put.id).await.found("a token"),
            put,
            "a token does not come back as it was put"
        );
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

/// Tokens of every kind are kept, and one of one kind is nothing at the door of another: neither its link nor its
/// browser leads to it there, and revoking one kind leaves the others.
pub async fn a_token_is_nothing_to_another_kind(store: AnyStore) {
    let kinds = || (1..).zip(TokenKind::ALL.iter().copied());
    let of = |number, kind| Token { kind, browser: Some(digest("browser")), ..token(number, 1) };
    put(&store, &kinds().map(|(number, kind)| of(number, kind)).collect::<Vec<_>>()).await;
    for (number, kind) in kinds() {
        assert_eq!(read(&store, number).await, of(number, kind), "a token of another kind came back");
        let newest = store.token_of_browser(REALM, kind, digest("browser")).await.answer().map(|row| row.id);
        assert_eq!(newest, Some(token_id(number)), "a browser finds a token of another kind than it asked for");
        for other in TokenKind::ALL.iter().copied() {
            let found = store.token_by_digest(REALM, other, of(number, kind).digest).await.answer().is_some();
            assert_eq!(found, other == kind, "a link of kind {kind:?} at the door of {other:?}");
        }
    }
    for (number, kind) in kinds() {
        commit_at(&store, at(5), [Write::RevokeTokens { user: user_id(1), kind }]).await;
        for (other, _) in kinds() {
            let revoked = read(&store, other).await.consumed_at.is_some();
            assert_eq!(revoked, other <= number, "revoking tokens of kind {kind:?} revoked others, or not all");
        }
    }
}

async fn live(store: &AnyStore, user: u128, now: OffsetDateTime) -> Vec<Token> {
    store.live_tokens(user_id(user), now).await.answer()
}

/// The live tokens of a user are listed by id: of every kind and realm, and nobody else's.
pub async fn live_tokens_of_one_user_are_listed_by_id(store: AnyStore) {
    let kinds = TokenKind::ALL.iter().copied();
    let mut mine: Vec<_> =
        (10..).step_by(10).zip(kinds).map(|(number, kind)| Token { kind, ..token(number, 1) }).collect();
    mine.push(Token { realm: other_realm(), ..token(990, 1) });
    let all: Vec<_> = mine.iter().rev().cloned().chain([token(15, 2), token(65, 2)]).collect();
    put(&store, &all).await;
    assert_eq!(live(&store, 1, NOW).await, mine, "not exactly the live tokens of the user are listed, by id");
    assert_eq!(live(&store, 2, NOW).await, [token(15, 2), token(65, 2)], "the tokens of somebody else are listed");
    assert_eq!(live(&store, 3, NOW).await, [], "tokens are listed for a user who has none");
}

/// A token is listed as live until it is used, is revoked, or expires; at `expires_at` itself it is not. Its code and
/// its tries do not matter.
pub async fn live_tokens_are_listed_until_they_end(store: AnyStore) {
    let short = Token { expires_at: at(300), ..token(4, 1) };
    let no_code = Token { tries_left: 0, code_expires_at: at(-1), ..token(5, 1) };
    let other = Token { kind: TokenKind::ResetPassword, ..token(2, 1) };
    put(&store, &[token(1, 1), other.clone(), Token { consumed_at: Some(at(-5)), ..token(3, 1) }, short, no_code])
        .await;
    let ids = async |now| live(&store, 1, now).await.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(at(0)).await, [1, 2, 4, 5].map(token_id), "not exactly the live tokens are listed");
    assert_eq!(ids(at(300) - MICRO).await, [1, 2, 4, 5].map(token_id), "a token that has not expired is not listed");
    assert_eq!(ids(at(300)).await, [1, 2, 5].map(token_id), "at `expires_at` a token is no longer live");
    commit_at(&store, at(1), consume(1)).await;
    assert_eq!(ids(at(1)).await, [2, 4, 5].map(token_id), "a token that was used is listed as live");
    commit_at(&store, at(2), [Write::RevokeTokens { user: user_id(1), kind: KIND }]).await;
    assert_eq!(live(&store, 1, at(2)).await, [other], "a token that was revoked is listed as live");
    assert_eq!(ids(token(2, 1).expires_at).await, [], "a token that has expired is listed as live");
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
    commit_at(&store, at(11), [Write::ConsumeToken { user: user_id(2), id: token_id(4) }]).await;
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
