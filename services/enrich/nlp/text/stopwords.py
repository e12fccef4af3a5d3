"""English stop words: function words, words common in all news, words that need a phrase.

The second list keeps `said`, `week` and `people` from being the keywords of everything; the third
holds words that mean something as part of a phrase only (`government debt`).
"""

# ruff: noqa: SIM905 - one word a line would hide the lists

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    """
    a about above across after again against ago ahead albeit all almost alone along already
    also although always am amid amidst among amongst an and another any anybody anyone anything
    anyway anywhere are aren't around as aside at away back be became because become becomes
    becoming been before beforehand behind being below beneath beside besides between beyond
    both but by can can't cannot could couldn't despite did didn't do does doesn't doing don't
    done down during each either else elsewhere enough etc even ever every everybody everyone
    everything everywhere except far few fewer for from further furthermore had hadn't half has
    hasn't have haven't having he hence her here hers herself him himself his how however i if
    in indeed inside instead into is isn't it its itself just least less like likewise lot lots
    many may maybe me meanwhile might mine more moreover most mostly much must my myself namely
    near nearly neither never nevertheless no nobody none nonetheless nor not nothing now
    nowhere of off often on once one ones only onto or other others otherwise ought our ours
    ourselves out outside over own per perhaps quite rather really s same several shall she
    should shouldn't since so some somebody somehow someone something sometimes somewhere soon
    still such than that the their theirs them themselves then thence there thereby therefore
    these they this those though through throughout thus till to together too toward towards
    under unless unlike until up upon us versus very via vs was wasn't we well were weren't what
    whatever when whenever where whereas whereby wherever whether which whichever while who
    whoever whole whom whose why will with within without won't would wouldn't yes yet you your
    yours yourself yourselves 's n't 're 've 'll 'd 'm t re ve ll d m
    """.split()
)
NEWS_WORDS = frozenset(
    """
    able according account accused act acting action actions actually add added adding adds
    admitted agreed agrees aim aimed aims allow allowed allowing allows amount announce
    announced announces answer apparent apparently appear appeared appears approach april area
    areas argue argued argues arrive arrived ask asked asking asks august available bad based
    basis began begin beginning begins begun behalf believe believed believes best better big
    bigger biggest billion bit bring bringing brings brought build building built call called
    calling calls came carried carry carrying cause caused certain chance changed changing
    claimed clear clearly close closed come comes coming comment comments common complete
    completely concern concerned condition confirmed consider considered continue continued
    continues continuing cost could country countries couple course current currently date day
    days december decide decided declared deep described despite detail details did different
    difficult directly due earlier early easily easy effect effort efforts eight eighth end
    ended ending ends entire especially event events eventually evening exactly example expect
    expected expects explain explained extra face faced facing fact facts failed fall february
    feel feels fell felt fifth fight final finally find finding finds first five follow followed
    following follows forced form former forward found four fourth free friday full fully future
    gave general generally get gets getting give given gives giving go goes going gone good got
    great greater grow growing grown guy hand handed hands happen happened happens hard head
    hear heard held help helped helping helps high higher highest highly hit hold holding holds
    hope hoped hopes hoping hour hours hundred hundreds idea immediate immediately important
    include included includes including increase increased indicated inside issue issues january
    job join joined joining july june keep keeping keeps kept key kind knew know knowing known
    knows large largely larger largest last late later latest launch launched lead leading leads
    learn learned leave leaves leaving led left less let likely list little live lives living
    local long longer look looked looking looks lose lost love low lower made main mainly major
    majority make makes making man manage managed march mark massive matter mean means meant
    meet meeting member members men mention mentioned met middle million millions mind minute
    minutes moment monday money month months morning move moved moves moving mr mrs ms multiple
    name named names need needed needs new news next night nine ninth normal note noted notes
    november numbers obvious obviously occurred october offer offered offering offers official
    officially officials ok okay old older open opened opportunity option order original overall
    paid part particular particularly parts party past pay percent percentage person phone
    picture piece place placed places planned play played playing plus pm point pointed points
    poor position possible possibly potential potentially present press pretty previous
    previously private probably process produce produced progress promised proper provide
    provided provides providing public put puts putting quarter question questions quick quickly
    quoted raise raised raising ran range reach reached reaching read ready real reality reason
    reasons receive received recent recently reduce regard regarding related released remain
    remained remaining remains remember reply report reported reportedly reporter reporters
    reporting reports represent required respond responded response rest resulted return
    returned revealed right rise run running runs said sat saturday save saw say saying says
    scale scene second seconds section see seeing seek seeking seem seemed seems seen sees send
    sense sent separate september serious set sets setting seven seventh shared short show
    showed showing shown shows side sign signed significant significantly similar simple simply
    single site sit situation six sixth size small smaller sort sought sources source speak
    speaking special specific spoke spokesman spokesperson spokeswoman spot spread stand
    standing start started starting starts state stated statement states stay stayed step steps
    stop stopped story straight strong strongly stuff subject suddenly suggest suggested
    suggests sunday support supported sure surely table take taken takes taking talk talked
    talking talks tell telling tells ten tens terms thank thanks thing things think thinking
    thinks third thought thousand thousands three thursday time times today told tomorrow
    tonight took top total totally touch tried trillion true try trying tuesday turn turned
    turning turns twice two type unable understand unit use used useful uses using usual usually
    value various views wait waiting want wanted wants warned warns watch way ways wednesday
    week weekend weekly weeks welcome went white wide willing win woman women wonder word words
    work worked working works world worse worst worth write writes writing written wrong wrote
    year yearly years yesterday young younger
    """.split()
)
PHRASE_WORDS = frozenset(
    """
    access accident active actor affairs affect age agency agent agreement appeal appointment
    approval army attempt author authorities authority award awards background bank benefit
    board body book boss boy boys business candidate captain care career case cases center
    centre century chairman change changes charge chief child children cities citizen citizens
    city claim claims class club coach commission committee community companies company
    competition conference content context contract control council couples crew critical crowd
    cut cuts daily dead deal debate decision defeat degree demand department deputy desire
    development director directors district doctor double dropped economic editor employee
    employees environmental era executive expert experts family father fear fears figure figures
    film financial firm firms force foreign founder francs friend friends fund funding funds
    game games girl girls goal goals government governments governor ground group groups half
    head health history home host house human husband image impact independent individual
    individuals industry influence information injured institution interest international
    investigation investors involved island journalist journalists judge killed king lack land
    language law lawyer lawyers leader leaders leadership league legal level levels life light
    line loss losses male manager managers market markets match media medical meter meters mile
    miles military minister ministers ministry missing mission mother movement national nations
    nature network night number observer office officer officers operation operations opposition
    organisation organisations organisers organization organizations owner page pair paper
    parents partner partners passed path penalty people period personal plan plans player
    players police policies policy political politics popular population post pound pounds power
    powers practice presence president presidents pressure price prices problem problems
    production professor profile program programme project promise property prosecution
    protection queen race rate rates record regime region regional relations relationship
    reputation resident residents resource resources response result results risk risks road
    role room rose round rule rules safety sale sales school season secretary security senior
    sense series service services share sir social society son speculation speech speed staff
    staffer stage standard station strategy street strength structure struggle student students
    studies study style success suffer summer summit supply survey system task tax team teams
    term test text threat thrown title tour town trade training treatment trial unit units
    university value version victim victims victory video view village visit voice volume vote
    votes wife win winner winners winter won workers workforce writer youth
    """.split()
)
