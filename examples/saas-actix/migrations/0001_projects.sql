-- The application's own tables. They stand in the same database as those of usermgmt and refer to them, so that one
-- transaction can write both and no project can be left without its organisation.

-- What the application knows about an organisation, beside what usermgmt knows.
CREATE TABLE workspace (
    org_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES usermgmt_org (id),
    address TEXT             NOT NULL UNIQUE      -- short name, lower-case: acme-ltd
);

CREATE TABLE project (
    id         BIGINT           NOT NULL PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    org_id     TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_org (id),
    name       TEXT             NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL REFERENCES usermgmt_user (id)
);
-- Serves the projects of an organisation: every query begins with it.
CREATE INDEX project_org ON project (org_id, id);
