import json, base64
from auth.audiences import Audience as A
from demo.cast import *
def b(x): return base64.b64encode(x if isinstance(x,bytes) else x.encode()).decode()
S="query($by:SubjectKey!,$access:AccessInput!){subject(by:$by,access:$access){outcome}}"
ACC={"purpose":"LOAN_APPROVAL"}
K={"name":CHEN.name,"idNumber":CHEN.number}
def test_probe(world, caplog):
    def show(tag, r):
        try: body=r.json()
        except Exception: body=r.text
        errs=[(e["message"],e.get("extensions")) for e in body.get("errors",[])] if isinstance(body,dict) else body
        print(f"{tag:32} {r.status_code} {errs or json.dumps(body.get('data'),ensure_ascii=False)[:200]}")
    def ask(tag, aud, q, v=None, **h):
        show(tag, world.post(world.token(aud), {"query":q,"variables":v or {}}, **h))
    def raw(tag, content, ct="application/json", **h):
        show(tag, world.http.post("/graphql", content=content, headers={"authorization":"Bearer "+world.token(A.BANK),"content-type":ct}|h))
    ask("ok", A.BANK, S, {"by":K,"access":ACC})
    for t,over in {"empty name":{"name":""},"long name":{"name":"x"*201},"ctrl":{"name":"陈\u0007"},"bidi":{"name":"陈\u202e"},"wrong check":{"idNumber":"330281190001010005"},"short":{"idNumber":"33028119"},"letters":{"idNumber":"abcdef"},"15":{"idNumber":"330281000101000"},"full":{"idNumber":"３３０２８１１９０００１０１０００４"},"both":{"organizationCode":"x"},"neither":{"idNumber":None},"org":{"idNumber":None,"organizationCode":"9133"},"consent":{"consent":"nope"},"date":{"consentSignedOn":"2026-02-30"},"date2":{"consentSignedOn":20260101},"date3":{"consentSignedOn":"0001-01-01"},"date4":{"consentSignedOn":"9999-12-31"},"idint":{"idNumber":330281190001010004},"unknownfield":{"idNumbr":"330281190001010004"},"uf2":{"陈守信":"330281190001010004"},"rel":{"relation":"NOPE陈守信"},"rel2":{"relation":5},"namelist":{"name":["陈守信"]}}.items():
        ask(t, A.BANK, S, {"by":K|over,"access":ACC})
    ask("nokey", A.BANK, S, {"by":{"name":"陈守信"},"access":ACC})
    ask("noname", A.BANK, S, {"by":{"idNumber":CHEN.number},"access":ACC})
    ask("by str", A.BANK, S, {"by":"陈守信","access":ACC})
    ask("by null", A.BANK, S, {"by":None,"access":ACC})
    ask("by missing", A.BANK, S, {"access":ACC})
    ask("purpose", A.BANK, S, {"by":K,"access":{"purpose":"JUDICIAL"}})
    ask("purpose?", A.BANK, S, {"by":K,"access":{"purpose":"LOAN_APROVAL"}})
    ask("operator", A.BANK, S, {"by":K,"access":ACC|{"operator":"x"*300}})
    SS="query($by:[SubjectKey!]!,$access:AccessInput!){subjects(by:$by,access:$access){outcome}}"
    ask("101", A.BANK, SS, {"by":[K]*101,"access":ACC}); ask("0", A.BANK, SS, {"by":[],"access":ACC})
    ask("manybad", A.BANK, SS, {"by":[{"name":1}]*60,"access":ACC})
    for n in ["(2021)浙","x","","1"*5000,"\u0000"]: ask("case "+n[:10], A.COURT, "query($n:String!){case(number:$n){number}}", {"n":n})
    for d in ["2026-02-30","20260101","2026-1-1","0000-00-00","0001-01-01","9999-12-31",5,None,"２０２６-01-01","2026-W01-1"]:
        ask(f"date {d}", A.COURT, "query($d:Date){cases(first:1,filter:{filedFrom:$d}){totalCount}}", {"d":d})
        ask(f"asof {d}", A.COURT, "query($d:Date){parties(first:1){nodes{creditCode(asOf:$d){colour asOf since changesOn}}}}", {"d":d})
    for d in ["2026-11-21T00:00:00","2026-11-21","0001-01-01T00:00:00+14:00","9999-12-31T23:59:59-14:00","0001-01-01T00:00:00Z","9999-12-31T23:59:59.999999Z","2026-11-21T00:00:00Z",5]:
        ask(f"dt {d}", A.AUDITOR, "query($d:DateTime){accessRecords(first:1,filter:{since:$d}){totalCount}}", {"d":d})
    P="query($f:Int!,$a:String,$o:PartyOrder){parties(first:$f,after:$a,orderBy:$o){totalCount pageInfo{endCursor}}}"
    for f in [0,-1,101,2**31,None,"x",1.5,1.0,True]: ask(f"first {f}", A.COURT, P, {"f":f})
    ask("first missing", A.COURT, "{parties{totalCount}}")
    ok=world.ask(A.COURT,P,{"f":1,"o":"NAME_ASC"})["data"]["parties"]["pageInfo"]["endCursor"]
    for c in ["", "x", "!!!!", b("[]"), b("{}"), b('["NAME_ASC"]'), b('["ENTERED_ASC","999999999999999999999999"]'), b('["ENTERED_ASC","-1"]'), b('["ENTERED_ASC",{"a":1}]'), b('['*20000), b('["ENTERED_ASC",'+'1'*5000+']'), ok, b('["ENTERED_ASC",NaN]'), b(b"\xff\xfe"), b("7"), "x"*60000]: ask("cur "+c[:20], A.COURT, P, {"f":1,"a":c})
    for c in [b('["NAME_ASC","\\u0000","7"]'), b('["NAME_ASC","\\ud800","7"]')]: ask("cur nul", A.COURT, P, {"f":1,"a":c,"o":"NAME_ASC"})
    for c in ["2026-11-21T00:00:00","x","0001-01-01T00:00:00+23:00","2026-11-21T00:00:00Z"]: ask("cur dt "+c, A.COURT, "query($a:String){deductions(first:1,after:$a){totalCount}}", {"a":b(json.dumps(["PROPOSED_DESC",c,"7"]))})
    ask("court ids", A.BANK, "{courts{id}}")
    cid=world.ask(A.BANK,"{courts{id name}}")["data"]["courts"][0]["id"]
    for i in ["", "x", b("Nope:1"), b("Party:x"), b("Party:"+str(2**70)), b("Party:"+"1"*5000), b("Court:\0"), cid, b("Party"), b("Party:-1"), b("Subject:1"), b("SubjectReport:1"), b("Query:1"),b(b"\xff:1"), "陈守信"]:
        ask("node "+i[:24], A.COURT, "query($i:ID!){node(id:$i){id __typename}}", {"i":i})
        ask("party "+i[:24], A.COURT, "query($i:ID!){party(id:$i){id __typename}}", {"i":i})
    ask("nodes101", A.COURT, "query($i:[ID!]!){nodes(ids:$i){id}}", {"i":[cid]*101}); ask("nodes0", A.COURT, "query($i:[ID!]!){nodes(ids:$i){id}}", {"i":[]})
    ask("id int", A.COURT, "query($i:ID!){node(id:$i){id}}", {"i":5})
    for q in ["","   ","{","{viewer{clientId}","query{","mutation{x}","subscription{x}","query A{viewer{clientId}} query B{viewer{clientId}}","{vieweer{clientId}}","{viewer{clientld}}","{viewer(x:1){clientId}}","{parties(first:1,orderBy:NAME_ASK){totalCount}}","{parties(first:1,orderBy:\"NAME_ASC\"){totalCount}}","{case(number:330281190001010004){number}}","query($x:Partyy){viewer{clientId}}","query($x:PartyFilter){viewer{clientId}}","query($x:Int!){parties(first:$x){totalCount}}","query($x:String!){parties(first:$x){totalCount}}","fragment F on Query{viewer{clientId}} {viewer{clientId}}","{...A} fragment A on Query{...A}","{__schema{queryType{name}} viewer{clientId}}","{...on Query{__schema{queryType{name}}}}","{...F} fragment F on Query{__schema{queryType{fields{name}}}}","{viewer{clientId}} type X{a:Int}",'{case(number:"\\u0000"){number}}','{case(number:"\\u{0}"){number}}','{case(number:"\\uD800"){number}}','{case(number:"a\\u0007"){number}}','{case(number:"陈守信 {number}}','{node(id:"陈守信" "330281190001010004"){id}}',"{parties(first:"+"1"*5000+"){totalCount}}","{viewer{clientId}}#"+"x"*17000,"{viewer{"+"clientId "*1500+"}}","{viewer{clientId @foo}}","{viewer}","{viewer{clientId{x}}}","fragment F on Query{viewer{clientId}}", "{viewer{clientId} ...G}", "{__typename}"]:
        ask(q[:40].replace("\n"," "), A.COURT, q)
    show("opname", world.post(world.token(A.BANK),{"query":"query A{viewer{clientId}}","operationName":"陈守信"}))
    for t,c in {"empty":b"","notjson":b"{","arr":b'[{"query":"{__typename}"}]',"nan":b'{"query":NaN}',"big":b'{"query":"{__typename}","variables":{"a":'+b"1"*5000+b"}}","deep":b'{"query":"{__typename}","variables":'+b'{"a":'*10000,"deep900":b'{"query":"query($a:PartyFilter){__typename}","variables":{"a":'+b'{"a":'*900+b"1"+b"}"*900+b"}}","dup":b'{"query":"{","query":"{__typename}"}',"num":b'{"query":5}',"vars":b'{"query":"{__typename}","variables":[]}',"name":b'{"query":"{__typename}","operationName":5}',"ext":b'{"query":"{__typename}","extensions":5}',"unk":b'{"query":"{__typename}","id":5}',"latin":b'{"query":"\xff"}',"bom":b'\xef\xbb\xbf{"query":"{__typename}"}',"nul":b'{"query":"{__typename}","variables":{"a":"\\u0000"}}',"nul2":b'{"query":"{case(number:\\"\\u005cu0000\\"){number}}"}',"surr":b'{"query":"{__typename}","variables":{"a":"\\ud800"}}',"big64":b'{"query":"'+b" "*70000+b'"}',"null":b"null"}.items(): raw(t,c)
    for ct in ["","text/plain","application/x-www-form-urlencoded","multipart/form-data; boundary=x","application/json; charset=utf-8","APPLICATION/JSON","application/graphql","application/jsonx"]: raw("ct "+ct,b'{"query":"{__typename}"}',ct)
    for m in ["GET","PUT","DELETE","HEAD","OPTIONS","PATCH"]:
        r=world.http.request(m,"/graphql"); print(m,r.status_code,r.headers.get("allow"),r.text[:50])
    for p in ["/","/nope","/graphql/","/../etc/passwd","/graphiql","/livez","/readyz"]:
        r=world.http.get(p,follow_redirects=False); print(p,r.status_code,dict(r.headers),r.text[:100])
    print("LOG", caplog.text[:6000])
