-- The application's own tables. They stand in the same file as those of usermgmt and refer to them, so that one
-- transaction can write both and no project can be left without its organisation.

-- What the application knows about an organisation, beside what usermgmt knows.
CREATE TABLE workspace (
    org_id  TEXT NOT NULL PRIMARY KEY REFERENCES usermgmt_org (id),
    address TEXT NOT NULL UNIQUE      -- short name, lower-case: acme-ltd
) STRICT;

CREATE TABLE project (
    id         INTEGER NOT NULL PRIMARY KEY,
    org_id     TEXT    NOT NULL REFERENCES usermgmt_org (id),
    name       TEXT    NOT NULL,
    created_by TEXT    NOT NULL REFERENCES usermgmt_user (id)
) STRICT;
-- Serves the projects of an organisation: every query begins with it.
CREATE INDEX project_org ON project (org_id, id);
