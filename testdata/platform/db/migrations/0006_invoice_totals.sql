-- Lines have amounts too; the name on the invoice now says which one it is.
ALTER TABLE invoices RENAME COLUMN amount_cents TO total_cents;

ALTER TABLE invoices ADD COLUMN currency char(3) NOT NULL DEFAULT 'EUR';
