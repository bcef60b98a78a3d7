-- The person in Discord whose key it is: they approve nothing that is asked for with it.
ALTER TABLE api_keys ADD COLUMN user_id BIGINT;
