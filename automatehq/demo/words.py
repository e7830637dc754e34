"""What the demo data are made up from. All names are invented; who is called like this is so by chance."""

# Latin and Hebrew.
BUSINESS_NAMES = (
    ("Gazit", "גזית"),
    ("Snunit", "סנונית"),
    ("Almog", "אלמוג"),
    ("Brosh", "ברוש"),
    ("Dukifat", "דוכיפת"),
    ("Ofarim", "עופרים"),
    ("Kalanit", "כלנית"),
    ("Rimon", "רימון"),
    ("Agmon", "אגמון"),
    ("Zarzir", "זרזיר"),
    ("Tirosh", "תירוש"),
    ("Savyon", "סביון"),
    ("Harduf", "הרדוף"),
    ("Bazelet", "בזלת"),
    ("Shaked", "שקד"),
    ("Lotem", "לוטם"),
    ("Ashlag", "אשלג"),
    ("Narkis", "נרקיס"),
    ("Tzukit", "צוקית"),
    ("Yahalom", "יהלום"),
)
BUSINESS_TRADES = (
    ("Formwork", "טפסנות"),
    ("Staffing", "כוח אדם"),
    ("Scaffolding", "פיגומים"),
    ("Finishing", "עבודות גמר"),
    ("Concrete", "בטון"),
    ("Plastering", "טיח"),
    ("Steel", "פלדה"),
    ("Earthworks", "עבודות עפר"),
    ("Tiling", "ריצוף"),
    ("Roofing", "גגות"),
    ("Logistics", "לוגיסטיקה"),
    ("Maintenance", "אחזקה"),
)

# Name, code and address.
SITES = (
    ("Harbour Tower", "HT", "4 Breakwater Road, Haifa"),
    ("מגדל הפרדס", "MP", "רחוב התפוז 12, רחובות"),
    ("Hill Quarter, Building 4", "HQ4", "31 Terrace Street, Jerusalem"),
    ("Sea View Hotel", "SVH", "2 Promenade, Netanya"),
    ("Rail Depot North", "RDN", "Platform Road, Ramla"),
    ("מרפאת האגם", "MA", "שדרות האגם 7, טבריה"),
    ("Orchard School", "OS", "18 Almond Lane, Kfar Saba"),
    ("Old Mill Lofts", "OML", "9 Mill Street, Tel Aviv"),
    ("South Junction", "SJ", "Route 40, Beersheba"),
    ("Cedar Offices", "CO", "55 Industry Avenue, Petah Tikva"),
    ("שכונת הנחל", "SN", "דרך הנחל 3, עפולה"),
    ("Water Works", "WW", "Pumping Station Road, Ashdod"),
    ("Stone Bridge", "SB", "River Park, Hadera"),
    ("Market Hall", "MH", "1 Market Square, Acre"),
    ("Desert Solar Field", "DSF", "Plot 22, Arava"),
    ("קריית הספורט", "KS", "רחוב האצטדיון 1, נתיבות"),
)

HEBREW_FIRST_NAMES = (
    *("אבי", "איתן", "אלון", "אמיר", "בועז", "ברק", "גדי", "גיל", "דוד", "דניאל"),
    *("חיים", "יואב", "יוסי", "יעל", "כרמית", "ליאור", "מאיר", "מיכל", "נדב", "נועה"),
    *("עידו", "עמית", "ענת", "רונן", "רותם", "שירה", "שלומי", "שמעון", "תמר", "תומר"),
)
HEBREW_LAST_NAMES = (
    *(
        "אבירם",
        "אלמוג",
        "ארבל",
        "בן עמי",
        "ברזילי",
        "גבע",
        "גלעד",
        "דגן",
        "הדר",
        "ורדי",
    ),
    *("זמיר", "חורש", "טל", "יערי", "כרמי", "לביא", "מור", "נבו", "סלע", "עוז"),
    *("פלג", "צור", "קדם", "רביב", "שגיא", "שדה", "שחר", "תבור", "אופיר", "גורן"),
)
LATIN_FIRST_NAMES = (
    *("Adrian", "Bogdan", "Chai", "Cristina", "Dao", "Doru", "Elena", "Florin"),
    *("Gabriel", "Ion", "Jomar", "Kasem", "Lucian", "Marius", "Mihai", "Niran"),
    *("Ovidiu", "Pavel", "Petru", "Radu", "Rajan", "Rodel", "Sanjeev", "Somchai"),
    *("Sorin", "Suresh", "Tudor", "Vasile", "Viorel", "Wichai", "Yusuf", "Zoran"),
)
LATIN_LAST_NAMES = (
    *("Albescu", "Balan", "Boonmee", "Cazacu", "Dobrin", "Enache", "Fernandino"),
    *("Grecu", "Ilicea", "Jaidee", "Karkivar", "Lupescu", "Manalang", "Moldovar"),
    *("Nairandi", "Olteanu", "Pandharu", "Petroia", "Rotaru", "Saelim", "Sandulea"),
    *("Thapari", "Ursache", "Vlaicu", "Wongsiri", "Yadavaru", "Zamfiroiu", "Zidaru"),
)

# On the card itself, in the column for notes.
DAY_COMMENTS = ("crane stood still", "left early", "training", "instead of Moti")
GUARD_DUTY = "guard duty"
RAIN = "no work: rain"
CARD_NOTES = (
    "Came by post.",
    "The site manager signed on the back.",
    "Corner torn off, all lines can be read.",
    "Asked the site about the 9th; waiting for an answer.",
)
REJECTION_REASONS = (
    "The picture is blurred: please take it again.",
    "Not signed by the site manager.",
    "This card was handed in twice.",
    "The lower half of the card is missing.",
)
REOPENING_REASONS = (
    "The site manager corrected the hours of one day.",
    "Approved too early: the overtime was still being discussed.",
    "A day was read wrongly.",
)
FILE_NAMES = ("IMG_{number:04}.jpg", "scan-{number:04}.jpg", "card {number}.jpg")
PROFILE_NAME = "Payroll office"
CLOSING_NOTE = "What still waits is paid with the next month."
