-- What triggers would have written of each code record, were they not switched off here.
update code_record set publicity = code_record_publicity(code_record)
