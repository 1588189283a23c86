-- What a key may do beyond launching and looking: user (nothing), types, administrator. Those of before may do everything.
ALTER TABLE access_key ADD COLUMN rights TEXT NOT NULL DEFAULT 'administrator';
