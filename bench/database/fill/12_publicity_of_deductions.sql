-- What triggers would have written of each deduction, were they not switched off here.
update deduction set publicity = deduction_publicity(deduction)
