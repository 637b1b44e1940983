use super::check_ops;
use crate::schema::read_prisma;

#[test]
fn models_are_tables_and_relations_are_keys() {
    let (ops, problems) = read_prisma(
        r#"
        datasource db { provider = "postgresql" url = env("URL") }
        /// A customer.
        model Workspace {
          id       String @id @default(cuid())
          apiKeys  ApiKey[] // all of them
          parentId String?
          parent   Workspace?  @relation("Tree", fields: [parentId], references: [id])
          children Workspace[] @relation("Tree")
          labels   Label[]
        }
        model ApiKey {
          id          BigInt    @id @default(autoincrement()) @map("key_id")
          workspaceId String    @map("workspace_id") @db.Uuid
          secret      String    @unique(map: "api_keys_secret")
          kind        KeyKind   @default(LIVE)
          scopes      String[]
          meta        Json?
          geo         Unsupported("point")?
          createdAt   DateTime  @default(now()) @map("created_at")
          workspace   Workspace @relation(
            fields: [workspaceId],
            references: [id], onDelete: Cascade, map: "api_keys_fk"
          )
          other       Elsewhere @relation(fields: [kind], references: [id])

          @@id([id, workspaceId])
          @@unique([workspaceId, secret], name: "byWorkspace", map: "x")
          @@unique([kind, secret])
          @@index([workspaceId, createdAt(sort: Desc)])
          @@map("api_keys")
          @@schema("app")
        }
        model Label { 
          id Int @id
          workspaces Workspace[]
        }
        enum KeyKind {
          LIVE
          TEST @map("test")
        }
        "#,
    );
    assert!(problems.is_empty(), "{problems:?}");
    check_ops(
        &ops,
        "table Workspace model Workspace
         id Text `string` not null default
         parentId Text `string`
         primary (id)
         (parentId) -> Workspace(id) relation parent inverse children
         table app.api_keys model ApiKey
         key_id Integer `bigint` field id not null default
         workspace_id Uuid `uuid` field workspaceId not null
         secret Text `string` not null
         kind Enum `keykind` not null default
         scopes Array `string` not null default
         meta Json `json`
         geo Other `unsupported`
         created_at Time `datetime` field createdAt not null default
         primary (key_id)
         unique (secret) api_keys_secret
         primary (key_id, workspace_id) id_workspaceId
         unique (workspace_id, secret) byWorkspace
         unique (kind, secret) kind_secret
         index (workspace_id, created_at)
         (workspace_id) -> Workspace(id) name api_keys_fk relation workspace inverse apiKeys
         (kind) -> Elsewhere(id) relation other
         table Label model Label
         id Integer `int` not null
         primary (id)
         table _LabelToWorkspace
         A Other `` not null
         B Other `` not null
         unique (A, B)
         (A) -> Label()
         (B) -> Workspace()",
    );
}

#[test]
fn nonsense_is_a_problem() {
    let (ops, problems) = read_prisma("model A {\n id Int @id\n}\n}\nwhat is this\n");
    assert_eq!(ops.len(), 1);
    assert_eq!(
        problems
            .iter()
            .map(|problem| problem.line)
            .collect::<Vec<_>>(),
        [Some(4), Some(5)]
    );
}
