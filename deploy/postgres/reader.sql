-- The role that Grafana reads with: it may look at every ledger (also at one that is being rebuilt), and do no more.
-- To be run by the owner of the database, once: psql -v owner=NAME -v reader=grafana -v password=… -f reader.sql
CREATE ROLE :"reader" LOGIN PASSWORD :'password' CONNECTION LIMIT 20;
ALTER ROLE :"reader" SET search_path = ledger;
ALTER ROLE :"reader" SET default_transaction_read_only = on;
ALTER ROLE :"reader" SET statement_timeout = '15s';
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"reader";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO :"reader";
