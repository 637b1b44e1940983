//! Who is calling: an axum extractor over the gateway's internal tokens.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{header, StatusCode};
use jsonwebtoken::{decode, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

/// The secret shared with the gateway.
#[derive(Clone)]
pub struct TokenKey(pub String);

/// The authenticated caller.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub tenant_id: Uuid,
    pub user_id: Uuid,
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    tid: Uuid,
}

impl<S> FromRequestParts<S> for Caller
where
    TokenKey: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let key = TokenKey::from_ref(state);
        let claims = decode::<Claims>(
            token,
            &DecodingKey::from_secret(key.0.as_bytes()),
            &Validation::default(),
        )
        .map_err(|_| StatusCode::UNAUTHORIZED)?
        .claims;
        Ok(Self {
            tenant_id: claims.tid,
            user_id: claims.sub,
        })
    }
}
