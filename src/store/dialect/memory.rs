//! What authorisation reads for its memory, by lists: of keys that were asked for, or of accounts.

use super::Texts;

dialects! {
    /// The accounts of API keys.
    ACCOUNTS_OF_KEYS =
        sqlite "select a.id, a.name, a.external_id, a.standing, k.api_key
            from api_keys k join accounts a on a.id = k.account_id
            where k.api_key in (select value from json_each($1))"
        postgres "select a.id, a.name, a.external_id, a.standing, k.api_key
            from api_keys k join accounts a on a.id = k.account_id
            where k.api_key in (select value from json_array_elements_text(cast($1 as json)))";
    /// Accounts with their API keys.
    ACCOUNTS_WITH_KEYS =
        sqlite "select a.id, a.name, a.external_id, a.standing, k.api_key
            from accounts a join api_keys k on k.account_id = a.id
            where a.id in (select unhex(value) from json_each($1))"
        postgres "select a.id, a.name, a.external_id, a.standing, k.api_key
            from accounts a join api_keys k on k.account_id = a.id
            where a.id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))";
    /// The secrets of accounts that verify at a moment, the current one of each first.
    SECRETS_OF_ACCOUNTS =
        sqlite "select account_id, id, secret_sealed, retires_at from api_secrets
            where account_id in (select unhex(value) from json_each($1))
            and (retires_at is null or retires_at > $2)
            order by account_id, retires_at desc nulls first"
        postgres "select account_id, id, secret_sealed, retires_at from api_secrets
            where account_id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and (retires_at is null or retires_at > $2)
            order by account_id, retires_at desc nulls first";
    /// The JWT apps of accounts.
    JWT_APPS_OF_ACCOUNTS =
        sqlite "select account_id, id, app_type, name, state from apps
            where account_id in (select unhex(value) from json_each($1)) and app_type = 'jwt'
            order by account_id, created_at, id"
        postgres "select account_id, id, app_type, name, state from apps
            where account_id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and app_type = 'jwt' order by account_id, created_at, id";
    /// The accounts that own the apps of clients.
    ACCOUNTS_OF_CLIENTS =
        sqlite "select distinct a.account_id from clients c join apps a on a.id = c.app_id
            where c.client_id in (select value from json_each($1))"
        postgres "select distinct a.account_id from clients c join apps a on a.id = c.app_id
            where c.client_id in (select value from json_array_elements_text(cast($1 as json)))";
    /// The clients of accounts.
    CLIENTS_OF_ACCOUNTS =
        sqlite "select c.app_id, c.client_id, c.is_public, c.jwks, c.tokens_from, a.app_type,
            a.name as app_name, a.state, a.account_id, o.name as account_name, o.external_id, o.standing
            from apps a join clients c on c.app_id = a.id join accounts o on o.id = a.account_id
            where a.account_id in (select unhex(value) from json_each($1))"
        postgres "select c.app_id, c.client_id, c.is_public, c.jwks, c.tokens_from, a.app_type,
            a.name as app_name, a.state, a.account_id, o.name as account_name, o.external_id, o.standing
            from apps a join clients c on c.app_id = a.id join accounts o on o.id = a.account_id
            where a.account_id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))";
    /// Their secrets that work at a moment, the current one of each first.
    CLIENT_SECRETS_OF_ACCOUNTS =
        sqlite "select x.app_id, x.id, x.secret_hash, x.retires_at
            from apps a join client_secrets x on x.app_id = a.id
            where a.account_id in (select unhex(value) from json_each($1))
            and (x.retires_at is null or x.retires_at > $2)
            order by x.app_id, x.retires_at desc nulls first"
        postgres "select x.app_id, x.id, x.secret_hash, x.retires_at
            from apps a join client_secrets x on x.app_id = a.id
            where a.account_id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and (x.retires_at is null or x.retires_at > $2)
            order by x.app_id, x.retires_at desc nulls first";
    /// The scopes that their apps ask for.
    SCOPES_OF_ACCOUNTS =
        sqlite "select s.app_id, s.scope from apps a join app_scopes s on s.app_id = a.id
            where a.account_id in (select unhex(value) from json_each($1))"
        postgres "select s.app_id, s.scope from apps a join app_scopes s on s.app_id = a.id
            where a.account_id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))";
    /// Their tokens that were ended before their time, until it comes.
    REVOKED_OF_ACCOUNTS =
        sqlite "select r.app_id, r.token_id from apps a join revoked_tokens r on r.app_id = a.id
            where a.account_id in (select unhex(value) from json_each($1)) and r.expires_at > $2"
        postgres "select r.app_id, r.token_id from apps a join revoked_tokens r on r.app_id = a.id
            where a.account_id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))
            and r.expires_at > $2";
    /// Families of tokens with whoever they speak for.
    FAMILIES_FOR_MEMORY =
        sqlite "select f.id, f.grant_id, f.scopes, f.expires_at, g.app_id, g.account_id,
            o.name as account_name, o.external_id, o.standing,
            g.user_id, u.name as user_name, u.disabled_at, m.user_id as member
            from token_families f join grants g on g.id = f.grant_id join accounts o on o.id = g.account_id
            join users u on u.id = g.user_id
            left join memberships m on m.account_id = g.account_id and m.user_id = g.user_id
            where f.id in (select unhex(value) from json_each($1))"
        postgres "select f.id, f.grant_id, f.scopes, f.expires_at, g.app_id, g.account_id,
            o.name as account_name, o.external_id, o.standing,
            g.user_id, u.name as user_name, u.disabled_at, m.user_id as member
            from token_families f join grants g on g.id = f.grant_id join accounts o on o.id = g.account_id
            join users u on u.id = g.user_id
            left join memberships m on m.account_id = g.account_id and m.user_id = g.user_id
            where f.id in (select cast(value as uuid) from json_array_elements_text(cast($1 as json)))";
}
