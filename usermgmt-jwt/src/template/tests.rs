use serde_json::json;

use super::*;

fn values() -> TemplateValues {
    TemplateValues {
        user_id: "usr_1".into(),
        user_email: Some("{{org.id}}\",\"admin\":\"".into()),
        session_id: "ses_1".into(),
        org_id: Some("org_1".into()),
        org_slug: Some("acme".into()),
        org_roles: vec!["admin".into()],
        permissions: Vec::new(),
    }
}

fn render(template: &str, values: &TemplateValues) -> Value {
    Value::Object(ClaimTemplate::parse(template).unwrap().render(values))
}

#[test]
fn values_keep_their_type_and_text_is_filled() {
    let template = r#"{"a":"{{ org.roles }}","b":"{{permissions}}","c":"{{org.slug}}/{{user.id}}!","d":[1,true,null,"x"],"e":"}} {"}"#;
    let expected = json!({ "a": ["admin"], "b": [], "c": "acme/usr_1!", "d": [1, true, null, "x"], "e": "}} {" });
    assert_eq!(render(template, &values()), expected);
}

#[test]
fn what_is_missing_leaves_no_trace() {
    let nobody = TemplateValues { user_id: "usr_1".into(), ..TemplateValues::default() };
    let template = r#"{"a":"{{org.id}}","b":"tenant-{{org.id}}","c":["{{org.id}}","{{user.id}}"],"d":{"e":"{{org.slug}}"},"f":"{{org.roles}}"}"#;
    assert_eq!(render(template, &nobody), json!({ "c": ["usr_1"], "d": {}, "f": [] }));
}

#[test]
fn values_are_data() {
    let rendered = render(r#"{"a":"{{user.email}}","b":"<{{user.email}}>"}"#, &values());
    let email = "{{org.id}}\",\"admin\":\"";
    assert_eq!(rendered, json!({ "a": email, "b": format!("<{email}>") }));
}

#[test]
fn every_placeholder_is_known_by_its_name() {
    for placeholder in Placeholder::ALL {
        let rendered = render(&json!({ "a": format!("{{{{{placeholder}}}}}") }).to_string(), &values());
        assert_eq!(rendered["a"].is_array(), placeholder.is_list(), "{rendered}");
    }
}

#[test]
fn mistakes_are_found_when_the_template_is_made() {
    use TemplateError as E;

    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    assert!(ClaimTemplate::parse(&nested(8)).is_ok() && ClaimTemplate::parse(&long(4_096)).is_ok());
    let cases = [
        (long(4_097), E::TooLong),
        (nested(9), E::TooDeep),
        ("[]".into(), E::Malformed),
        (r#"{"a":1,"a":2}"#.into(), E::Malformed),
        (r#"{"a":"{{user.password}}"}"#.into(), E::UnknownPlaceholder("user.password".into())),
        (r#"{"a":"{{}}"}"#.into(), E::UnknownPlaceholder(String::new())),
        (r#"{"a":"{{User.id}}"}"#.into(), E::UnknownPlaceholder("User.id".into())),
        (r#"{"a":["{{user.id"]}"#.into(), E::Unclosed("{{user.id".into())),
        (r#"{"a":{"{{user.id}}":1}}"#.into(), E::InName("{{user.id}}".into())),
        (r#"{"a":"roles: {{org.roles}}"}"#.into(), E::List(Placeholder::OrgRoles)),
    ];
    for (template, error) in cases {
        assert_eq!(ClaimTemplate::parse(&template), Err(error), "{template}");
    }
    for name in RESERVED {
        let template = json!({ name: "x" }).to_string();
        assert_eq!(ClaimTemplate::parse(&template), Err(E::Reserved(name.into())));
        // Below the top it is a name like any other.
        assert!(ClaimTemplate::parse(&json!({ "app": { name: "x" } }).to_string()).is_ok());
    }
}
